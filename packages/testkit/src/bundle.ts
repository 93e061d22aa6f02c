import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A program as it ships, in one file; made from the sources of today. `entry` is relative to the folder `packages`. */
export async function bundleProgram(entry: string): Promise<{ readonly file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'molecule-bundle-'));
  const file = join(folder, 'program.mjs');
  await build({
    entryPoints: [join(fileURLToPath(new URL('../..', import.meta.url)), entry)],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outfile: file,
    conditions: ['molecule-source'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}
