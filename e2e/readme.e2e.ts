import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, ROOT, startProgram } from './support/cli.js';
import { createTestDataDir, type TestDataDir } from './support/data-dir.js';
import { type NpmStart, npmStart } from './support/npm-start.js';
import { findFreePort } from './support/ports.js';
import { type ShellBlock, shellBlocksIn } from './support/readme.js';

/** Would run this very test again, or take as long as everything else together; that they exist is checked. */
const NOT_RUN = /^npm (test|run (check|bench|chaos|dev|test:full))\b/;
const BUILD_TIMEOUT_MS = 240_000;

// Only a repository can be cloned; a copy without its history has nothing to show here.
describe.skipIf(!existsSync(join(ROOT, '.git')))('the README works as it is written', () => {
  let place: string;
  let dataDir: TestDataDir;
  let blocks: ShellBlock[];
  let env: Record<string, string>;
  let server: NpmStart | null = null;

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'molecule-readme-'));
    dataDir = await createTestDataDir();
    blocks = shellBlocksIn(await readFile(join(ROOT, 'README.md'), 'utf8'));
    // Only where things lie is ours: a free port, and a data directory that can be deleted.
    env = { HOME: place, PORT: String(await findFreePort()), MOLECULE_DATA_DIR: dataDir.path };
    await writeFile(join(place, '.gitconfig'), cloneHere(blocks));
  });

  afterAll(async () => {
    if (server !== null) {
      server.pressCtrlC();
      await server.finished;
    }
    await dataDir.remove();
    await rm(place, { recursive: true, force: true });
  });

  it('names no script that package.json does not have', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const named = blocks.flatMap(({ commands }) =>
      commands.flatMap((line) => /\bnpm (?:run )?([\w:]+)/.exec(line)?.[1] ?? []),
    );
    expect(named).toContain('start');
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  it(
    'every command of it succeeds in a fresh clone, one after the other',
    async () => {
      let cwd = place;
      for (const { section, commands } of blocks) {
        for (const command of commands) {
          if (NOT_RUN.test(command)) continue;
          if (/^(?:\w+=\S+ )*npm start$/.test(command)) {
            // The first start is the one shown; the others show it with another setting.
            if (server !== null) continue;
            server = npmStart({ dataDir: dataDir.path, home: place, env, cwd });
            await server.untilRunning(BUILD_TIMEOUT_MS);
            continue;
          }
          const done = await inShell(command, cwd);
          expect(done.code, `${section}: ${command}\n${done.stdout}${done.stderr}`).toBe(0);
          const left = (await readFile(join(place, 'cwd'), 'utf8')).trim();
          if (left !== cwd && existsSync(join(left, 'package-lock.json'))) await shareModules(left);
          cwd = left;
        }
      }
      expect(server).not.toBeNull();
    },
    BUILD_TIMEOUT_MS + 120_000,
  );

  /** Runs one line as a shell does, and notes where it ended up. */
  function inShell(command: string, cwd: string): Promise<Finished> {
    const script = `trap : INT\n${command}\nstatus=$?\npwd > '${join(place, 'cwd')}'\nexit $status`;
    const program = startProgram('sh', ['-c', script], { cwd, env });
    // What goes on until Ctrl-C gets one as soon as it has printed something.
    if (/\s(-f|--follow)\b|^\.\/molecule connect\b/.test(command)) {
      program.child.stdout?.once(
        'data',
        () => program.child.pid !== undefined && process.kill(-program.child.pid, 'SIGINT'),
      );
    }
    return program.finished;
  }
});

/** Makes git take the repository that the README names from here, so that what is cloned is what is being tested. */
function cloneHere(blocks: readonly ShellBlock[]): string {
  const urls = blocks.flatMap(({ commands }) => commands.flatMap((line) => /^git clone (\S+)/.exec(line)?.[1] ?? []));
  const instead = urls.map((url) => `[url "${ROOT}"]\n  insteadOf = ${url}\n`);
  return `[safe]\n  directory = *\n${instead.join('')}`;
}

/** Saves the minute of an install: what is installed here already is linked into the clone, folder by folder. */
async function shareModules(clone: string): Promise<void> {
  const packages = (await readdir(join(ROOT, 'packages'))).map((name) => `packages/${name}/node_modules`);
  for (const folder of ['node_modules', ...packages].filter((name) => existsSync(join(ROOT, name)))) {
    await mkdir(join(clone, folder, '..'), { recursive: true });
    const linked = await startProgram('cp', ['-al', join(ROOT, folder), join(clone, folder)]).finished;
    if (linked.code !== 0) {
      await rm(join(clone, folder), { recursive: true, force: true });
      const copied = await startProgram('cp', ['-a', join(ROOT, folder), join(clone, folder)]).finished;
      if (copied.code !== 0) throw new Error(copied.stderr);
    }
  }
}
