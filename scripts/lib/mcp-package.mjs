import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.mjs';
import { run } from './run.mjs';

const OUT = join(ROOT, 'packages/runtime/dist/molecule-mcp.tgz');

/**
 * molecule-mcp as an npm package of one file that needs no other, so that `npx -p <address of a server>` works without any
 * registry. It is packed by npm itself, which lays the same bytes for the same files.
 */
export async function packMoleculeMcp({ esbuild, flags, banner }) {
  mkdirSync(join(ROOT, 'packages/runtime/dist'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'packages/runtime/dist/pack-'));
  try {
    const entry = ['packages/runtime/src/molecule-mcp/main.ts', '--log-level=warning'];
    const outfile = `--outfile=${join(folder, 'molecule-mcp.mjs')}`;
    const bundled = await run(esbuild, [...entry, ...flags, outfile, '--legal-comments=eof', `--banner:js=${banner}`]);
    if (bundled.code !== 0) return bundled;
    const { version, license } = JSON.parse(readFileSync(join(ROOT, 'packages/runtime/package.json'), 'utf8'));
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const manifest = {
      name: 'molecule-mcp',
      version,
      description: 'Brings an agent of an MCP host into an organisation of agents on a Molecule server.',
      license,
      type: 'module',
      engines,
      bin: { 'molecule-mcp': 'molecule-mcp.mjs' },
    };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
    copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
    const packed = await run('npm', ['pack', '--ignore-scripts', '--offline', '--silent'], { cwd: folder });
    if (packed.code !== 0) return packed;
    // In one step: a server that runs never reads half of it.
    renameSync(join(folder, `molecule-mcp-${version}.tgz`), OUT);
    return packed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
