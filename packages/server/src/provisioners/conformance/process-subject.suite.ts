import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { waitFor } from '@molecule/testkit';
import { INSTANCE_ID_VARIABLE, type ProcessTable, RUN_DIR_VARIABLE } from '../process/process-table.js';
import { createProcessWorld } from '../process/process-world.suite.js';
import type { Subject } from './provisioner.suite.js';

/** Real processes in a temporary data directory. */
export async function createProcessSubject(): Promise<Subject> {
  const world = await createProcessWorld();
  let isReachable = true;
  const table: ProcessTable = {
    find: (pid, names) => (isReachable ? world.table.find(pid, names) : Promise.reject(noTable())),
    all: (names) => (isReachable ? world.table.all(names) : Promise.reject(noTable())),
  };
  let behaviours: string[] = [];
  let standing = 'agent';
  const create = () =>
    world.createProvisioner({ table, commandFor: () => world.commandOf(behaviours.shift() ?? standing) });
  const provisioner = create();

  const running = async (workspaceId: string) => {
    const facts = await world.table.all([INSTANCE_ID_VARIABLE, RUN_DIR_VARIABLE]);
    return facts.filter(
      ({ env, pid, groupId }) =>
        env[RUN_DIR_VARIABLE] === join(world.workspacesDir, workspaceId, 'run') && pid === groupId,
    );
  };

  return {
    provisioner,
    async restartServer() {
      await provisioner.close();
      return create();
    },
    countRunning: async (workspaceId) => (await running(workspaceId)).length,
    async crash(workspaceId, output) {
      const [leader] = await running(workspaceId);
      if (leader === undefined) throw new Error(`Nothing runs for ${workspaceId}.`);
      await writeFile(
        join(world.workspacesDir, workspaceId, 'logs', 'agent.log'),
        output.map((line) => `${line}\n`).join(''),
      );
      process.kill(leader.pid, 'SIGKILL');
    },
    failNextStart(output) {
      behaviours = [`die ${JSON.stringify(output)}`];
    },
    hangStarts() {
      standing = 'hang';
      return {
        async reached() {
          await waitFor(() => world.hasProcesses(), { what: 'a process' });
        },
      };
    },
    setReachable(next) {
      isReachable = next;
    },
    async readConfig(workspaceId, path) {
      try {
        return await readFile(join(world.workspacesDir, workspaceId, 'configs', path), 'utf8');
      } catch {
        return null;
      }
    },
    writeConfig: (workspaceId, path, content) =>
      writeFile(join(world.workspacesDir, workspaceId, 'configs', path), content),
    async plantFile(workspaceId, place, path, content) {
      const file = join(world.workspacesDir, workspaceId, place, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    },
    wasAskedToForget: (workspaceId) =>
      access(join(world.workspacesDir, workspaceId, 'run', 'reset-session')).then(
        () => true,
        () => false,
      ),
    patienceMs: 5_000,
    cleanup: world.cleanup,
  };
}

const noTable = (): Error => Object.assign(new Error('no /proc'), { code: 'ENOENT' });
