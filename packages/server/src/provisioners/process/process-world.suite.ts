import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '../../platform/clock.js';
import { createRandom } from '../../platform/random.js';
import type { Provisioner } from '../provisioner.js';
import { createProvisioner } from '../shared-semantics.js';
import { createHostProcessTable } from './host-process-table.js';
import { createProcessDriver, type ProcessDriverOptions } from './process.driver.js';
import { type ProcessFacts, type ProcessTable, RUN_DIR_VARIABLE } from './process-table.js';
import { terminate } from './termination.js';

/** The least an agent does, and the ways in which agents misbehave. Plain JavaScript: it runs as a process of its own. */
const AGENT_SCRIPT = `
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
const [behaviour, argument] = process.argv.slice(2);
const runDir = process.env.MOLECULE_RUN_DIR;
const answer = (_request, response) => response.end(JSON.stringify({ env: process.env, argv: process.argv, cwd: process.cwd() }));
const server = createServer(answer);
function becomeReady() {
  server.listen(0, '127.0.0.1', () => {
    const ready = { port: server.address().port, pid: process.pid, startTime: '', instanceId: process.env.MOLECULE_INSTANCE_ID };
    writeFileSync(runDir + '/ready.json.writing', JSON.stringify(ready));
    renameSync(runDir + '/ready.json.writing', runDir + '/ready.json');
  });
}
switch (behaviour) {
  case 'agent': becomeReady(); break;
  case 'gulp': {
    const held = [];
    for (;;) held.push(Buffer.alloc(16 * 1024 * 1024, 1));
  }
  case 'hang': setInterval(() => {}, 1_000); break;
  case 'die': for (const line of JSON.parse(argument)) console.log(line); process.exit(3);
  case 'refuse': console.log(argument); process.exit(78);
  case 'stubborn': process.on('SIGTERM', () => console.log('no')); becomeReady(); break;
  case 'babble':
  case 'flood': {
    const page = ('x'.repeat(99) + '\\n').repeat(1_000);
    if (behaviour === 'flood') becomeReady();
    setInterval(() => { for (let i = 0; i < 20; i++) writeSync(1, page); }, 1);
    break;
  }
  case 'family': {
    const sleeper = ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1_000)'];
    spawn(process.execPath, sleeper, { stdio: 'ignore' });
    spawn(process.execPath, sleeper, { stdio: 'ignore', detached: true });
    spawn(process.execPath, sleeper, { stdio: 'ignore', env: {} });
    becomeReady();
    break;
  }
}
`;

export interface ProcessWorld {
  readonly dir: string;
  readonly workspacesDir: string;
  readonly table: ProcessTable;
  commandOf(behaviour: string): readonly string[];
  createProvisioner(changes?: Partial<ProcessDriverOptions>): Provisioner;
  /** Everything alive that was started in this world. */
  processes(): Promise<readonly ProcessFacts[]>;
  hasProcesses(): Promise<boolean>;
  /** Ends whatever a failed test left behind and deletes the folder. */
  cleanup(): Promise<void>;
}

/** A data directory of its own, with short times. */
export async function createProcessWorld(): Promise<ProcessWorld> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'molecule-processes-')));
  const script = join(dir, 'agent.mjs');
  await writeFile(script, AGENT_SCRIPT);
  const workspacesDir = join(dir, 'workspaces');
  const table = createHostProcessTable();
  const clock = createSystemClock();
  const provisioners: Provisioner[] = [];

  const commandOf = (behaviour: string): readonly string[] => {
    const [name = '', argument] = behaviour.split(/ (.*)/s);
    return [process.execPath, script, name, ...(argument === undefined ? [] : [argument])];
  };
  const processes = async () =>
    (await table.all([RUN_DIR_VARIABLE])).filter(({ env }) => env[RUN_DIR_VARIABLE]?.startsWith(`${workspacesDir}/`));

  return {
    dir,
    workspacesDir,
    table,
    commandOf,
    createProvisioner(changes = {}) {
      const driver = createProcessDriver({
        workspacesDir,
        hostId: 'this-host',
        commandFor: () => commandOf('agent'),
        baseEnvironment: { path: '/usr/bin:/bin', lang: 'C.UTF-8' },
        table,
        clock,
        random: createRandom(),
        log: { warn: (fields, message) => console.error(message, fields) },
        stopGraceMs: 5_000,
        bootTimeoutMs: 20_000,
        ...changes,
      });
      const provisioner = createProvisioner(driver);
      provisioners.push(provisioner);
      return provisioner;
    },
    processes,
    hasProcesses: async () => (await processes()).length > 0,
    async cleanup() {
      for (const provisioner of provisioners) await provisioner.close();
      for (const { env } of await processes()) {
        const runDir = env[RUN_DIR_VARIABLE] ?? null;
        await terminate({ identity: null, runDir, ownsGroup: false }, { table, clock, graceMs: 0 });
      }
      await rm(dir, { recursive: true, force: true });
    },
  };
}
