import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@molecule/contract/client';
import { waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDataDir, type TestDataDir } from './support/data-dir.js';
import { type NpmStartOptions, npmStart } from './support/npm-start.js';
import { findFreePort, takePort } from './support/ports.js';

/** `nobody` on Linux; any user without rights of its own will do. */
const UNPRIVILEGED = 65_534;
const isRoot = process.getuid?.() === 0;

let dataDir: TestDataDir;
let home: string;

beforeEach(async () => {
  dataDir = await createTestDataDir();
  home = await mkdtemp(join(tmpdir(), 'molecule-home-'));
});

afterEach(async () => {
  await dataDir.remove();
  await rm(home, { recursive: true, force: true });
});

const start = (options: Partial<NpmStartOptions> = {}) => npmStart({ dataDir: dataDir.path, home, ...options });

/** Starts, expects it to give up, and returns what it said. */
async function refusal(options: Partial<NpmStartOptions> = {}): Promise<string> {
  const { code, stdout, stderr } = await start(options).finished;
  expect(code, `${stdout}${stderr}`).toBeGreaterThan(0);
  expect(stderr).not.toMatch(/\n\s+at .*:\d+/);
  return stderr;
}

async function apiOf(path: string) {
  const { url, token } = JSON.parse(await readFile(join(path, 'server.json'), 'utf8')) as {
    url: string;
    token: string;
  };
  return createClient({ baseUrl: url, token: () => token });
}

describe('npm start says in a sentence why it cannot', () => {
  it('listen: the port is taken', async () => {
    const taken = await takePort();
    const said = await refusal({ env: { PORT: String(taken.port) } });
    expect(said).toContain(`Port ${taken.port} is taken`);
    expect(said).toContain('PORT=');
    await taken.release();
    expect(await dataDir.processes()).toEqual([]);
  });

  it('use the data directory: another server lives on it, and goes on living', async () => {
    const first = start();
    const url = await first.untilRunning();
    const said = await refusal();
    expect(said).toContain(dataDir.path);
    expect(said).toMatch(/another|already|in use/i);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    first.pressCtrlC();
    await first.says(/Stopped\./);
    await first.finished;
  });

  it('use the data directory: this user may not write there', async () => {
    const closed = join(dataDir.path, 'closed');
    await mkdir(closed, { mode: 0o500 });
    // Root may write everywhere; what an ordinary user meets has to be met as one.
    if (isRoot) await chmod(dataDir.path, 0o711);
    const path = join(closed, 'data');
    const said = await refusal({ dataDir: path, ...(isRoot ? await asUnprivileged() : {}) });
    expect(said).toContain(path);
    expect(said).toContain('MOLECULE_DATA_DIR');
  });

  it('understand the environment: every mistake is named at once', async () => {
    const said = await refusal({ env: { PORT: 'eighty', LOG_LEVEL: 'loud' } });
    expect(said).toMatch(/PORT must be an integer.*LOG_LEVEL must be one of/);
    expect(await dataDir.processes()).toEqual([]);
  });

  it('open the database: it was made by another major version of Postgres', async () => {
    const first = start();
    await first.untilRunning();
    first.pressCtrlC();
    await first.finished;
    await writeFile(join(await dataDir.databaseFolder(), 'PG_VERSION'), '15\n');
    const said = await refusal();
    expect(said).toMatch(/Postgres(QL)? 15/);
  });
});

describe('npm start takes up where it was interrupted', () => {
  it('after kill -9 of server, database and agents at once: the data are kept and the team comes back', async () => {
    const env = { PORT: String(await findFreePort()) };
    const first = start({ env });
    await first.untilRunning();
    const before = await importAndAsk();
    await dataDir.killEverything();
    await first.finished;

    const second = start({ env });
    await second.untilRunning();
    const api = await apiOf(dataDir.path);
    expect((await api.call('listWorkspaces', {})).body.map(({ id }) => id).sort()).toEqual([...before.ids].sort());
    await untilOnline();
    const { body } = await api.call('listActivity', { params: { id: before.lead }, query: { type: 'a2a_receive' } });
    const asked = body.filter(({ request_body }) => JSON.stringify(request_body).includes(`"text":"${before.text}"`));
    expect(asked.map(({ status }) => status)).toEqual(['ok']);
    second.pressCtrlC();
    await second.finished;
  });

  it('after kill -9 of the server alone: the running agents are taken up, not started again', async () => {
    const env = { PORT: String(await findFreePort()) };
    const first = start({ env });
    await first.untilRunning();
    await importAndAsk();
    const agents = await agentPids();
    expect(agents.length).toBe(3);
    const { pid } = JSON.parse(await readFile(join(dataDir.path, 'server.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await first.finished;

    const second = start({ env });
    await second.untilRunning();
    await untilOnline();
    expect(await agentPids()).toEqual(agents);
    second.pressCtrlC();
    await second.finished;
  });

  it('Ctrl-C ends server, database and agents, and leaves nothing behind', async () => {
    const running = start();
    await running.untilRunning();
    await importAndAsk();
    running.pressCtrlC();
    await running.says(/Stopped\./);
    await running.finished;
    expect(await dataDir.processes()).toEqual([]);
    await expect(stat(join(dataDir.path, 'server.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('SIGTERM to npm alone, as a supervisor sends it, ends server, database and agents in order', async () => {
    const running = start();
    await running.untilRunning();
    running.child.kill('SIGTERM');
    await running.says(/Stopped\./);
    await running.finished;
    expect(await dataDir.processes()).toEqual([]);
  });

  it('a warm start is timed, from the command to the first healthy answer', async () => {
    const env = { PORT: String(await findFreePort()) };
    const cold = start({ env });
    await cold.untilRunning();
    cold.pressCtrlC();
    await cold.finished;
    const startedMs = performance.now();
    const warm = start({ env });
    await waitFor(async () => (await fetch(`http://127.0.0.1:${env.PORT}/health`)).ok, { timeoutMs: 30_000 });
    process.stdout.write(`warm start: healthy after ${Math.round(performance.now() - startedMs)} ms\n`);
    await warm.untilRunning();
    expect(warm.stdout()).not.toMatch(/Installing|Building/);
    warm.pressCtrlC();
    await warm.finished;
  });
});

/** A team with one answered message. */
async function importAndAsk(): Promise<{ lead: string; ids: string[]; text: string }> {
  const api = await apiOf(dataDir.path);
  const reply = await api.call('importOrg', { query: {}, body: { dir: 'starter' } });
  if (reply.status === 200) throw new Error('the import answered with a plan');
  const ids = reply.body.workspaces.map(({ id }) => id);
  const [lead = ''] = ids;
  await untilOnline();
  const text = 'Remember this';
  const message = { kind: 'message', role: 'user', messageId: 'start-e2e-1', parts: [{ kind: 'text', text }] };
  const body = { jsonrpc: '2.0', id: 1, method: 'message/send', params: { message } };
  const answer = await api.open('sendMessage', { params: { id: lead }, body });
  expect(await answer.text()).toContain('Writer received');
  return { lead, ids, text };
}

async function untilOnline(): Promise<void> {
  const api = await apiOf(dataDir.path);
  await waitFor(async () => (await api.call('listWorkspaces', {})).body.every(({ status }) => status === 'online'), {
    timeoutMs: 60_000,
    what: 'the team to be online',
  });
}

async function agentPids(): Promise<number[]> {
  const agents = (await dataDir.processes()).filter(({ text }) => text.includes('MOLECULE_INSTANCE_ID='));
  return agents.map(({ pid }) => pid).sort((a, b) => a - b);
}

/** Options that run npm as an unprivileged user. */
async function asUnprivileged(): Promise<Partial<NpmStartOptions>> {
  await chmod(home, 0o777);
  return { uid: UNPRIVILEGED };
}
