import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@molecule/testkit';
import { build } from 'esbuild';

/** Bundles the runtime as it ships, so that tests of the process see what users run. */
export async function bundleRuntime(): Promise<{
  readonly entry: string;
  readonly toolServer: string;
  /** Deletes every file that holds code of one of these packages: whoever would load it fails from then on. */
  removeCodeOf(packages: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'molecule-runtime-'));
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const { metafile } = await build({
    metafile: true,
    entryPoints: [join(root, 'src/main.ts'), join(root, 'src/mcp-main.ts')],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outdir: folder,
    conditions: ['molecule-source'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  return {
    entry: join(folder, 'main.js'),
    toolServer: join(folder, 'mcp-main.js'),
    async removeCodeOf(packages) {
      for (const [file, { inputs }] of Object.entries(metafile.outputs)) {
        const holds = Object.keys(inputs).some((input) =>
          packages.some((name) => input.includes(`node_modules/${name}/`)),
        );
        if (holds) await rm(resolve(file), { force: true });
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface WorkspaceFolder {
  readonly root: string;
  readonly configs: string;
  readonly run: string;
  remove(): Promise<void>;
}

export async function createWorkspaceFolder(config: string, token: string | null): Promise<WorkspaceFolder> {
  const root = await mkdtemp(join(tmpdir(), 'molecule-workspace-'));
  const folder = { root, configs: join(root, 'configs'), run: join(root, 'run') };
  await mkdir(folder.configs);
  await writeFile(join(folder.configs, 'config.yaml'), config);
  if (token !== null) await writeFile(join(folder.configs, '.auth_token'), `${token}\n`, { mode: 0o600 });
  return { ...folder, remove: () => rm(root, { recursive: true, force: true }) };
}

export interface AgentProcess {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>;
  ready(): Promise<{
    readonly url: string;
    readonly port: number;
    readonly pid: number;
    readonly instanceId: string | null;
  }>;
}

export function spawnAgent(entry: string, folder: WorkspaceFolder, variables: Record<string, string>): AgentProcess {
  let output = '';
  const child = spawn(process.execPath, [entry], {
    env: {
      PATH: process.env.PATH ?? '',
      CONFIGS_DIR: folder.configs,
      MOLECULE_INSTANCE_ID: 'instance-1',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const exited = new Promise<number | string>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  return {
    child,
    output: () => output,
    exited,
    ready: () =>
      waitFor(
        async () => {
          const note = JSON.parse(await readFile(join(folder.run, 'ready.json'), 'utf8'));
          // After kill -9 the note of the process before is still there.
          return note.pid === child.pid ? note : null;
        },
        { timeoutMs: 10_000, what: `the agent to be ready: ${output}` },
      ),
  };
}
