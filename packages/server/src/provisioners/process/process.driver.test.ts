import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { specOf } from '../conformance/provisioner.suite.js';
import { DriverError, type InstanceExit, type InstanceRecord, type Provisioner } from '../provisioner.js';
import { startInKilledServer } from './killed-server.suite.js';
import type { ProcessTable } from './process-table.js';
import { createProcessWorld, type ProcessWorld } from './process-world.suite.js';

const never = new AbortController().signal;
const ID = specOf(1).workspaceId;

let world: ProcessWorld;
beforeEach(async () => {
  world = await createProcessWorld();
});
afterEach(() => world.cleanup());

function provisionerOf(behaviour: string, changes: Parameters<ProcessWorld['createProvisioner']>[0] = {}): Provisioner {
  return world.createProvisioner({ commandFor: () => world.commandOf(behaviour), ...changes });
}

function folderOf(...parts: string[]): string {
  return join(world.workspacesDir, ID, ...parts);
}

async function errorOf(call: Promise<unknown>): Promise<DriverError> {
  const error = await call.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DriverError);
  if (!(error instanceof DriverError)) throw new Error('unreachable');
  return error;
}

async function askAgent(record: InstanceRecord): Promise<{ env: Record<string, string>; argv: string[]; cwd: string }> {
  const response = await fetch(`${record.url}/`);
  // The agent script answers exactly this.
  return (await response.json()) as { env: Record<string, string>; argv: string[]; cwd: string };
}

describe('the environment of an agent', () => {
  afterEach(() => vi.unstubAllEnvs());

  it("holds nothing of the server's own", async () => {
    for (const name of ['ADMIN_TOKEN', 'ANTHROPIC_API_KEY', 'DATABASE_URL']) vi.stubEnv(name, `server-${name}`);
    const record = await provisionerOf('agent').ensure(specOf(1, { env: { API_KEY: 'k', MODEL: 'm-1' } }), null, never);
    const { env } = await askAgent(record);
    expect(Object.keys(env).sort()).toEqual(
      [
        'API_KEY CONFIGS_DIR HOME LANG MODEL MOLECULE_INSTANCE_ID MOLECULE_RUN_DIR PATH',
        'PLATFORM_URL TMPDIR WORKSPACE_CONFIG_PATH WORKSPACE_ID',
      ]
        .flatMap((names) => names.split(' '))
        .sort(),
    );
    expect(JSON.stringify(env)).not.toContain('server-');
  });

  it('points into the folder of the workspace, whatever its secrets are called', async () => {
    const env = { HOME: '/root', WORKSPACE_ID: 'another', PATH: '/opt/bin' };
    const record = await provisionerOf('agent').ensure(specOf(1, { env }), null, never);
    const agent = await askAgent(record);
    expect(agent.env).toMatchObject({ HOME: folderOf('home'), WORKSPACE_ID: ID, PATH: '/opt/bin' });
    expect(agent.cwd).toBe(folderOf('workspace'));
  });

  it('never holds the token, nor do its arguments; the token lies in a file of its own before the start', async () => {
    const record = await provisionerOf('agent').ensure(specOf(1), null, never);
    const seen = JSON.stringify(await askAgent(record));
    expect(seen).not.toContain('token-of-generation-1');
    expect(await readFile(folderOf('configs', '.auth_token'), 'utf8')).toBe('token-of-generation-1');
    expect((await stat(folderOf('configs', '.auth_token'))).mode & 0o777).toBe(0o600);
    for (const part of ['', 'configs', 'workspace', 'home', 'logs', 'run']) {
      expect((await stat(folderOf(part))).mode & 0o777).toBe(0o700);
    }
  });

  it("is that of the owner's folder when one is set, and that folder survives destroy", async () => {
    const workspaceDir = join(world.dir, 'project');
    await mkdir(workspaceDir);
    const provisioner = provisionerOf('agent');
    const record = await provisioner.ensure(specOf(1, { workspaceDir }), null, never);
    expect((await askAgent(record)).cwd).toBe(workspaceDir);
    await provisioner.destroy({ workspaceId: ID, generation: 1, record }, never);
    expect((await stat(workspaceDir)).isDirectory()).toBe(true);
  });

  it("refuses an owner's folder that does not exist, for good", async () => {
    const workspaceDir = join(world.dir, 'missing');
    const error = await errorOf(provisionerOf('agent').ensure(specOf(1, { workspaceDir }), null, never));
    expect(error).toMatchObject({ kind: 'rejected', retryable: false });
    expect(error.message).toContain('Create it');
  });
});

describe('an agent that does not come up', () => {
  it('rejects with its exit code and at most the last 40 lines when it ends during boot', async () => {
    const lines = Array.from({ length: 60 }, (_, index) => `line ${index}`);
    const error = await errorOf(provisionerOf(`die ${JSON.stringify(lines)}`).ensure(specOf(1), null, never));
    expect(error.message).toContain('with code 3 before it was ready');
    expect(error.logTail).toEqual(lines.slice(20));
  });

  it('is refused for good, with its own words, when it says that it cannot run as configured', async () => {
    const error = await errorOf(provisionerOf('refuse config.yaml:1 is no YAML').ensure(specOf(1), null, never));
    expect(error).toMatchObject({ kind: 'rejected', retryable: false, logTail: ['config.yaml:1 is no YAML'] });
    expect(error.message).toContain('with code 78 before it was ready: it cannot run as configured.');
  });

  it('shows the words of this start, not of the one before', async () => {
    const first = provisionerOf('die ["from the first"]');
    await errorOf(first.ensure(specOf(1), null, never));
    const second = provisionerOf('die ["from the second"]');
    expect((await errorOf(second.ensure(specOf(1), null, never))).logTail).toEqual(['from the second']);
  });

  it('is killed when it hangs longer than the boot timeout', async () => {
    const error = await errorOf(provisionerOf('hang', { bootTimeoutMs: 300 }).ensure(specOf(1), null, never));
    expect(error).toMatchObject({ kind: 'timeout', retryable: true });
    expect(error.message).toContain('did not become ready within 0.3 s');
    expect(await world.hasProcesses()).toBe(false);
  });

  it('is refused for good when its program does not exist', async () => {
    const provisioner = world.createProvisioner({ commandFor: () => ['/nonexistent/runtime'] });
    const error = await errorOf(provisioner.ensure(specOf(1), null, never));
    expect(error).toMatchObject({ kind: 'rejected', retryable: false });
    expect(error.message).toContain('ENOENT');
  });

  it('is not taken for ready because of what an earlier instance announced', async () => {
    const provisioner = provisionerOf('agent');
    const record = await provisioner.ensure(specOf(1), null, never);
    const announced = await readFile(folderOf('run', 'ready.json'));
    await provisioner.stop({ workspaceId: ID, generation: 1, record }, never);
    const liar = world.createProvisioner({
      commandFor: () => ['/bin/sh', '-c', `cp "${world.dir}/old.json" "$MOLECULE_RUN_DIR/ready.json"; sleep 30`],
      bootTimeoutMs: 300,
    });
    await writeFile(join(world.dir, 'old.json'), announced);
    expect((await errorOf(liar.ensure(specOf(2), null, never))).kind).toBe('timeout');
  });
});

describe('stopping', () => {
  it('kills an agent that ignores SIGTERM, after the time it was given', async () => {
    const provisioner = provisionerOf('stubborn', { stopGraceMs: 300 });
    const record = await provisioner.ensure(specOf(1), null, never);
    await provisioner.stop({ workspaceId: ID, generation: 1, record }, never);
    expect(await world.hasProcesses()).toBe(false);
    expect((await provisioner.console?.read(ID, { linesMax: 10, cursor: null }))?.lines).toEqual(['no']);
  });

  it('ends children in sessions of their own and children without their variables', async () => {
    const provisioner = provisionerOf('family', { stopGraceMs: 300 });
    const record = await provisioner.ensure(specOf(1), null, never);
    const family = await familyOf(record);
    expect(family).toHaveLength(4);
    await provisioner.stop({ workspaceId: ID, generation: 1, record }, never);
    expect(await alive(family)).toEqual([]);
  });

  it('ends what a crashed agent left behind before the crash is reported', async () => {
    const provisioner = provisionerOf('family');
    const exits: InstanceExit[] = [];
    provisioner.onExit((exit) => exits.push(exit));
    const record = await provisioner.ensure(specOf(1), null, never);
    const family = await familyOf(record);
    process.kill(Number(record.handle.pid), 'SIGKILL');
    await waitFor(() => exits.length > 0, { what: 'the exit' });
    expect(exits[0]).toMatchObject({ code: null, signal: 'SIGKILL', requested: false });
    expect(await alive(family)).toEqual([]);
  });

  it('reports one end, even when someone was looking meanwhile and saw the agent alive', async () => {
    let release = () => {};
    let held: Promise<void> | null = null;
    const table: ProcessTable = {
      all: (names) => world.table.all(names),
      async find(pid, names) {
        const facts = await world.table.find(pid, names);
        const hold = held;
        held = null;
        await hold;
        return facts;
      },
    };
    const provisioner = provisionerOf('agent', { table });
    const exits: InstanceExit[] = [];
    provisioner.onExit((exit) => exits.push(exit));
    const record = await provisioner.ensure(specOf(1), null, never);
    held = new Promise((resolve) => {
      release = resolve;
    });
    const look = provisioner.inspect({ workspaceId: ID, generation: 1, record });
    await waitFor(() => held === null, { what: 'the look to be held' });
    await provisioner.stop({ workspaceId: ID, generation: 1, record }, never);
    release();
    await look;

    // Were it taken for alive again, its second end would be noticed before that of one adopted later.
    const other = '0cc00000-0000-4000-8000-000000000003';
    const adopted = await provisionerOf('agent').ensure(specOf(1, { workspaceId: other }), null, never);
    await provisioner.inspect({ workspaceId: other, generation: 1, record: adopted });
    process.kill(Number(adopted.handle.pid), 'SIGKILL');
    await waitFor(() => exits.some((exit) => exit.workspaceId === other), { what: 'the end of the other' });
    expect(exits.map(({ workspaceId, requested }) => ({ workspaceId, requested }))).toEqual([
      { workspaceId: ID, requested: true },
      { workspaceId: other, requested: false },
    ]);
  });

  it('never signals another process that was given the number of a dead agent', async () => {
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)'], {
      stdio: 'ignore',
      detached: true,
    });
    try {
      const provisioner = provisionerOf('agent');
      const record = await provisioner.ensure(specOf(1), null, never);
      await provisioner.stop({ workspaceId: ID, generation: 1, record }, never);
      const pid = Number(stranger.pid);
      const reused = { ...record, handle: { ...record.handle, pid } };
      const note = JSON.parse(await readFile(folderOf('run', 'instance.json'), 'utf8'));
      await writeFile(folderOf('run', 'instance.json'), JSON.stringify({ ...note, process: { ...note.process, pid } }));
      expect(await provisioner.inspect({ workspaceId: ID, generation: 1, record: reused })).toEqual({
        state: 'stopped',
      });
      await provisioner.stop({ workspaceId: ID, generation: 1, record: reused }, never);
      await provisioner.destroy({ workspaceId: ID, generation: 1, record: reused }, never);
      expect(await alive([pid])).toEqual([pid]);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('finds an instance whose run folder the agent has deleted', async () => {
    const record = await provisionerOf('agent').ensure(specOf(1), null, never);
    await rm(folderOf('run'), { recursive: true });
    const successor = provisionerOf('agent');
    const seen = await successor.inspect({ workspaceId: ID, generation: 1, record: null });
    expect(seen).toMatchObject({ state: 'running', record: { instanceId: record.instanceId, generation: 0 } });
    expect(await successor.list()).toMatchObject([{ workspaceId: ID, running: true }]);
    await successor.stop({ workspaceId: ID, generation: 1, record: null }, never);
    expect(await world.hasProcesses()).toBe(false);
  });

  it('finds a process started by a server that was killed before it could note the number', async () => {
    const provisioner = provisionerOf('agent');
    const record = await provisioner.ensure(specOf(1), null, never);
    const note = JSON.parse(await readFile(folderOf('run', 'instance.json'), 'utf8'));
    await writeFile(folderOf('run', 'instance.json'), JSON.stringify({ ...note, process: null }));
    const successor = provisionerOf('agent');
    expect(await successor.ensure(specOf(1), null, never)).toEqual(record);
  });
});

describe('output', () => {
  it('of a flooding agent stays within its limit and does not stall it', async () => {
    const logBytesMax = 1024 * 1024;
    const provisioner = provisionerOf('flood', { logBytesMax });
    const record = await provisioner.ensure(specOf(1), null, never);
    const rotations = new Set<number>();
    await waitFor(
      async () => {
        const rotated = await stat(folderOf('logs', 'agent.log.1')).catch(() => null);
        if (rotated !== null) rotations.add(rotated.mtimeMs);
        return rotations.size >= 3;
      },
      { timeoutMs: 20_000, what: 'three rotations' },
    );
    expect((await stat(folderOf('logs', 'agent.log.1'))).size).toBeLessThanOrEqual(logBytesMax);
    expect((await readdir(folderOf('logs'))).filter((name) => !name.startsWith('.')).sort()).toEqual([
      'agent.log',
      'agent.log.1',
    ]);
    expect((await askAgent(record)).cwd).toBe(folderOf('workspace'));
  });

  it('of an agent that floods instead of becoming ready stays within its limit too', async () => {
    const logBytesMax = 1024 * 1024;
    const provisioner = provisionerOf('babble', { logBytesMax, bootTimeoutMs: 1_500 });
    const error = await errorOf(provisioner.ensure(specOf(1), null, never));
    expect(error.kind).toBe('timeout');
    expect(error.logTail.at(-2)).toBe('x'.repeat(99));
    expect((await stat(folderOf('logs', 'agent.log.1'))).size).toBeLessThanOrEqual(logBytesMax);
  });

  it('is read on from a cursor, whole lines only', async () => {
    const provisioner = provisionerOf('agent');
    await provisioner.ensure(specOf(1), null, never);
    const { console } = provisioner;
    const log = folderOf('logs', 'agent.log');
    await writeFile(log, 'one\ntwo\nthr', { flag: 'a' });
    const first = await console?.read(ID, { linesMax: 1, cursor: null });
    expect(first?.lines).toEqual(['two']);
    await writeFile(log, 'ee\nfour\n', { flag: 'a' });
    const second = await console?.read(ID, { linesMax: 1, cursor: first?.cursor ?? null });
    expect(second?.lines).toEqual(['three']);
    const third = await console?.read(ID, { linesMax: 9, cursor: second?.cursor ?? null });
    expect(third?.lines).toEqual(['four']);
    expect((await console?.read(ID, { linesMax: 9, cursor: third?.cursor ?? null }))?.lines).toEqual([]);
  });
});

it('D12: an agent finds the whole of its configuration at its very first look', async () => {
  const look = 'console.log(require("fs").readdirSync(process.env.CONFIGS_DIR).sort().join(" ")); process.exit(3);';
  const provisioner = world.createProvisioner({ commandFor: () => [process.execPath, '-e', look] });
  const composeConfig = async () =>
    ['config.yaml', 'a.md', 'skills/s/SKILL.md'].map((path) => ({ path, content: Buffer.from('x') }));
  const error = await errorOf(provisioner.ensure(specOf(1, { composeConfig }), null, never));
  expect(error.logTail).toEqual(['.auth_token a.md config.yaml skills']);
});

describe.skipIf(!hasPrlimit())('limits', () => {
  it('hold for the agent itself, which keeps its number', async () => {
    const record = await provisionerOf('agent').ensure(specOf(1, { memoryMb: 512 }), null, never);
    const limits = await readFile(`/proc/${String(record.handle.pid)}/limits`, 'utf8');
    expect(limits).toMatch(/Max data size +536870912 +536870912/);
    expect(limits).toMatch(/Max core file size +0 +0/);
    expect(limits).toMatch(/Max open files +8192 +8192/);
    expect(await world.processes()).toHaveLength(1);
  });

  it('end an agent that takes too much memory', async () => {
    const error = await errorOf(provisionerOf('gulp').ensure(specOf(1, { memoryMb: 256 }), null, never));
    expect(error.kind).toBe('rejected');
    expect(error.message).toContain('before it was ready');
  });

  it('do not bound the memory where none is asked for', async () => {
    const record = await provisionerOf('agent').ensure(specOf(1, { memoryMb: null }), null, never);
    const limits = await readFile(`/proc/${String(record.handle.pid)}/limits`, 'utf8');
    expect(limits).toMatch(/Max data size +unlimited/);
  });
});

describe('limits that a machine cannot set', () => {
  const warnings: string[] = [];
  const log = { warn: (_fields: unknown, message: string) => warnings.push(message) };
  beforeEach(() => {
    warnings.length = 0;
  });

  it('are left out and said once, however many agents start', async () => {
    const provisioner = provisionerOf('agent', { log, baseEnvironment: { path: world.dir, lang: 'C' } });
    await provisioner.ensure(specOf(1), null, never);
    await provisioner.ensure(specOf(2), null, never);
    expect(warnings).toEqual([
      'agents run without limits of memory, open files, size of a file, core dumps: prlimit is not installed on this machine',
    ]);
  });

  it('are named apart from those it can set', async () => {
    const program = join(world.dir, 'prlimit');
    const script = '#!/bin/sh\ncase "$*" in *--data=*) exit 1;; esac\nexit 0\n';
    await writeFile(program, script);
    await chmod(program, 0o755);
    const path = `${world.dir}:/usr/bin:/bin`;
    const provisioner = provisionerOf('agent', { log, baseEnvironment: { path, lang: 'C' } });
    await provisioner.ensure(specOf(1), null, never);
    expect(warnings).toEqual(['agents run without limits of memory: the system refuses them']);
  });
});

describe('links in a folder the agent can write to', () => {
  it('are not followed when configuration is written', async () => {
    const outside = join(world.dir, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'passwd'), 'untouched');
    await mkdir(folderOf('configs'), { recursive: true });
    await symlink(join(outside, 'passwd'), folderOf('configs', 'config.yaml'));
    await symlink(join(outside, 'passwd'), folderOf('configs', '.auth_token'));
    await provisionerOf('agent').ensure(specOf(1, { seedConfig: 'overwrite' }), null, never);
    expect(await readFile(join(outside, 'passwd'), 'utf8')).toBe('untouched');
    expect(await readFile(folderOf('configs', 'config.yaml'), 'utf8')).toBe('generation: 1\n');
  });

  it('make a start fail for good when they stand for a folder', async () => {
    const outside = join(world.dir, 'outside');
    await mkdir(outside);
    await mkdir(folderOf('configs'), { recursive: true });
    await symlink(outside, folderOf('configs', 'skills'));
    const composeConfig = async () => [{ path: 'skills/a.md', content: Buffer.from('a') }];
    const error = await errorOf(provisionerOf('agent').ensure(specOf(1, { composeConfig }), null, never));
    expect(error).toMatchObject({ kind: 'rejected', retryable: false });
    expect(await readdir(outside)).toEqual([]);

    await rm(folderOf('configs'), { recursive: true });
    await symlink(outside, folderOf('configs'));
    await errorOf(provisionerOf('agent').ensure(specOf(1), null, never));
    expect(await readdir(outside)).toEqual([]);
  });

  it('do not lead rotation or reading to another file', async () => {
    const provisioner = provisionerOf('agent');
    await provisioner.ensure(specOf(1), null, never);
    await writeFile(join(world.dir, 'secret'), 'not for the console\n');
    await rename(folderOf('logs', 'agent.log'), folderOf('logs', 'moved'));
    await symlink(join(world.dir, 'secret'), folderOf('logs', 'agent.log'));
    expect((await provisioner.console?.read(ID, { linesMax: 10, cursor: null }))?.lines).toEqual([]);
  });

  it.each(['../x', '/etc/x', 'a/../../x', '', 'a//b', 'a\0b', './x'])('nor does the path %j leave it', async (path) => {
    const composeConfig = async () => [{ path, content: Buffer.from('x') }];
    const error = await errorOf(provisionerOf('agent').ensure(specOf(1, { composeConfig }), null, never));
    expect(error).toMatchObject({ kind: 'rejected', retryable: false });
  });
});

it('re-adopts 50 instances after the server that started them was killed, and stops them all', async () => {
  const ids = Array.from({ length: 50 }, (_, index) => `20000000-0000-4000-8000-0000000000${10 + index}`);
  const records = await startInKilledServer(world, ids);
  const successor = provisionerOf('agent');
  const issueToken = async (): Promise<string> => {
    throw new Error('an adopted agent keeps its token');
  };
  const adopted = await Promise.all(
    ids.map((workspaceId, index) =>
      successor.ensure(specOf(1, { workspaceId, issueToken }), records[index] ?? null, never),
    ),
  );
  expect(adopted).toEqual(records);
  expect((await successor.list()).filter(({ running }) => running)).toHaveLength(50);
  expect(await world.processes()).toHaveLength(50);
  const exits: InstanceExit[] = [];
  successor.onExit((exit) => exits.push(exit));
  process.kill(Number(adopted[7]?.handle.pid), 'SIGKILL');
  await waitFor(() => exits.length > 0, { timeoutMs: 20_000, what: 'the end of an adopted agent' });
  expect(exits[0]).toMatchObject({ workspaceId: ids[7], requested: false });
  await Promise.all(
    ids.map((workspaceId, index) =>
      successor.stop({ workspaceId, generation: 1, record: records[index] ?? null }, never),
    ),
  );
  expect(await world.hasProcesses()).toBe(false);
}, 120_000);

it('runs 20 instances in parallel and stops them in parallel', async () => {
  const provisioner = provisionerOf('agent');
  const ids = Array.from({ length: 20 }, (_, index) => `10000000-0000-4000-8000-0000000000${10 + index}`);
  const records = await Promise.all(
    ids.map((workspaceId) => provisioner.ensure(specOf(1, { workspaceId }), null, never)),
  );
  expect(new Set(records.map((record) => record.url)).size).toBe(20);
  expect(await provisioner.list()).toHaveLength(20);
  await Promise.all(
    records.map((record, index) => provisioner.stop({ workspaceId: ids[index] ?? '', generation: 1, record }, never)),
  );
  expect(await world.hasProcesses()).toBe(false);
});

function hasPrlimit(): boolean {
  return spawnSync('prlimit', ['--version']).status === 0;
}

/** The agent and its three children, once they run. */
async function familyOf(record: InstanceRecord): Promise<readonly number[]> {
  const leader = Number(record.handle.pid);
  return waitFor(
    async () => {
      const facts = await world.table.all(['MOLECULE_INSTANCE_ID']);
      const family = facts.filter(
        ({ env, groupId }) => env.MOLECULE_INSTANCE_ID === record.instanceId || groupId === leader,
      );
      return family.length === 4 ? family.map(({ pid }) => pid) : null;
    },
    { what: 'three children' },
  );
}

async function alive(pids: readonly number[]): Promise<readonly number[]> {
  const facts = await Promise.all(pids.map((pid) => world.table.find(pid, [])));
  return facts.filter((fact) => fact !== null).map(({ pid }) => pid);
}
