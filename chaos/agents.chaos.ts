import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from '@molecule/contract';
import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { readEvents, readReceived, readTurns, strayAgents, waitUntilSettled } from './audit.js';
import { runInside } from './inside-agent.js';
import { isAlive, listAgents, signalAll } from './process-audit.js';
import { createMessage, importTeam, send, type Team, waitUntilOnline } from './team.js';
import { canLookAtProcesses, createWorld, type World } from './world.js';

const START_LIMIT_SECONDS = 8;
const LOG_BYTES_MAX = 8 * 1024 * 1024;

describe.skipIf(!canLookAtProcesses)('an agent that', () => {
  let world: World;
  /** The process that hangs while booting: its driver gives it a minute. */
  let hanging = 0;
  const find = async (id: string): Promise<Workspace | undefined> =>
    (await world.api.call('listWorkspaces', {})).body.find((row) => row.id === id);
  const pidOf = async (id: string): Promise<number | undefined> =>
    (await listAgents(world.dataDir)).find(({ workspaceId }) => workspaceId === id)?.pid;
  const getPid = (id: string): Promise<number> => waitFor(() => pidOf(id), { timeoutMs: 30_000, what: 'a process' });
  const eventsOf = async (id: string): Promise<readonly string[]> =>
    (await readEvents(world.api)).filter((event) => event.workspace_id === id).map((event) => event.event_type);
  const bringOnline = async (name: string, size: number): Promise<Team> => {
    onTestFailed(() => console.log(world.output()));
    const team = await importTeam(world.api, name, size);
    await waitUntilOnline(world.api, [team.lead, ...team.members.map(({ id }) => id)]);
    return team;
  };

  beforeAll(async () => {
    world = await createWorld({
      PROVISION_TIMEOUT_SECONDS: String(START_LIMIT_SECONDS),
      A2A_IDLE_TIMEOUT_SECONDS: '3',
    });
    await world.start();
  });
  afterAll(() => world.dispose());

  it('cannot boot fails at once, with its own words on the workspace', async () => {
    const { lead } = await bringOnline('Unbootable', 0);
    await writeFile(join(world.dataDir, 'workspaces', lead, 'configs', 'config.yaml'), 'name: [never closed\n');
    signalAll([await getPid(lead)], 'SIGKILL');
    const row = await waitFor(async () => (await find(lead).then((it) => it?.status === 'failed' && it)) || null, {
      timeoutMs: 60_000,
      what: 'the workspace to fail',
    });
    expect(row.last_sample_error).toMatch(/config\.yaml/);
    expect(await pidOf(lead)).toBeUndefined();
    const failure = (await readEvents(world.api)).filter((event) => event.workspace_id === lead).at(-1);
    expect(failure).toMatchObject({ event_type: 'WORKSPACE_PROVISION_FAILED', payload: { reason: 'start_failed' } });
    const refused = await send(world.api, createMessage(lead, 'hello?'));
    expect(refused).toMatchObject({ kind: 'refused', code: 'workspace_failed' });
  }, 90_000);

  it('keeps dying fails as a crash loop after five times, and says so', async () => {
    const { lead } = await bringOnline('Crasher', 0);
    const killed = new Set<number>();
    const row = await waitFor(
      async () => {
        const now = await find(lead);
        const pid = await pidOf(lead);
        if (now?.status === 'online' && pid !== undefined && !killed.has(pid)) {
          killed.add(pid);
          signalAll([pid], 'SIGKILL');
        }
        return now?.status === 'failed' ? now : null;
      },
      { timeoutMs: 90_000, what: 'the workspace to fail' },
    );
    expect(killed.size).toBe(5);
    expect(row.last_sample_error).toMatch(/SIGKILL/);
    expect(await pidOf(lead)).toBeUndefined();
    const failure = (await readEvents(world.api)).filter((event) => event.workspace_id === lead).at(-1);
    expect(JSON.stringify(failure?.payload)).toContain('crash_loop');
  }, 120_000);

  it('hangs while booting fails at the start limit', async () => {
    const team = importTeam(world.api, 'Sleeper', 0);
    const pid = await waitFor(async () => {
      const online = (await world.api.call('listWorkspaces', {})).body.filter(({ status }) => status === 'online');
      return (await listAgents(world.dataDir)).find(({ workspaceId }) => online.every(({ id }) => id !== workspaceId))
        ?.pid;
    });
    signalAll([pid], 'SIGSTOP');
    const { lead } = await team;
    const row = await waitFor(async () => (await find(lead).then((it) => it?.status === 'failed' && it)) || null, {
      timeoutMs: 60_000,
      what: 'the workspace to fail',
    });
    expect(row.last_sample_error).toContain(`within ${START_LIMIT_SECONDS} s`);
    expect(await eventsOf(lead)).toContain('WORKSPACE_PROVISION_FAILED');
    hanging = pid;
  }, 90_000);

  it('dies in the middle of an answer is started again and answers, once', async () => {
    const { lead, members } = await bringOnline('Mortal', 1);
    const member = members[0]?.id ?? '';
    const memberPid = await getPid(member);
    // While its member cannot answer, the lead is in the middle of its own answer.
    signalAll([memberPid], 'SIGSTOP');
    const message = createMessage(lead, 'finish this');
    const answer = send(world.api, message);
    await waitFor(async () => (await readReceived(world.api, member)).length === 1);
    const first = await getPid(lead);
    signalAll([first], 'SIGKILL');
    await waitFor(async () => (await eventsOf(lead)).includes('WORKSPACE_OFFLINE'), { timeoutMs: 10_000 });
    signalAll([memberPid], 'SIGCONT');

    expect((await answer).kind).not.toBe('unsure');
    await waitUntilOnline(world.api, [lead, member]);
    const rows = await waitFor(async () => {
      const received = await readReceived(world.api, lead);
      return received.some((row) => row.message_id === message.id && row.duration_ms !== null) && received;
    });
    expect(rows.filter((row) => row.message_id === message.id)).toMatchObject([{ status: 'ok' }]);
    expect(JSON.stringify(rows[0]?.response_body)).toContain('Mortal member 1 received: For Mortal member 1');
    // The lead's turn was run again; what it had asked of its member was not.
    expect(await readTurns(world.dataDir, member)).toEqual(['For Mortal member 1: finish this']);
    expect(await pidOf(lead)).not.toBe(first);
  }, 90_000);

  it('freezes in the middle of an answer keeps the message, and answers it once it moves again', async () => {
    const { lead } = await bringOnline('Frozen', 0);
    const pid = await getPid(lead);
    signalAll([pid], 'SIGSTOP');
    const message = createMessage(lead, 'take your time');
    const told = await send(world.api, message);
    expect(told.kind, JSON.stringify(told)).not.toBe('unsure');
    signalAll([pid], 'SIGCONT');
    const rows = await waitFor(
      async () => {
        const received = (await readReceived(world.api, lead)).filter((row) => row.message_id === message.id);
        return received.some((row) => row.duration_ms !== null) && received;
      },
      { timeoutMs: 60_000, what: 'the message to be settled' },
    );
    expect(rows).toHaveLength(1);
    expect((await readTurns(world.dataDir, lead)).length).toBeLessThanOrEqual(1);
  }, 90_000);

  it('floods its output fills no disk and disturbs nobody', async () => {
    const { lead, members } = await bringOnline('Flooder', 1);
    const member = members[0]?.id ?? '';
    const pid = await getPid(member);
    await runInside(
      pid,
      `void setInterval(() => { for (let i = 0; i < 200; i += 1) process.stdout.write('x'.repeat(4095) + '\\n'); }, 1)`,
    );
    const logs = join(world.dataDir, 'workspaces', member, 'logs');
    await waitFor(async () => (await readdir(logs)).length > 1, { timeoutMs: 20_000, what: 'the log to be rotated' });
    const answer = await send(world.api, createMessage(lead, 'through the noise'));
    expect(answer).toMatchObject({ kind: 'answered', text: expect.stringContaining('Flooder member 1 received') });
    const page = await world.api.call('getWorkspaceLogs', { params: { id: member }, query: { limit: 10 } });
    expect(page.body.lines.length).toBeLessThanOrEqual(10);
    const sizes = await Promise.all((await readdir(logs)).map(async (name) => (await stat(join(logs, name))).size));
    // Twice the limit is kept; between two looks a flood may add some more.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(10 * LOG_BYTES_MAX);
    await world.api.call('deleteWorkspace', { params: { id: member }, query: { confirm: true } });
    await waitFor(async () => !(await isAlive(pid)));
  }, 90_000);

  it('ignores SIGTERM is gone all the same after its removal', async () => {
    const { lead } = await bringOnline('Stubborn', 0);
    const pid = await getPid(lead);
    await runInside(pid, `process.removeAllListeners('SIGTERM'); void process.on('SIGTERM', () => {})`);
    const removed = await world.api.call('deleteWorkspace', { params: { id: lead }, query: { confirm: true } });
    expect(removed).toMatchObject({ status: 200, body: { status: 'removed' } });
    await waitFor(async () => !(await isAlive(pid)), { timeoutMs: 20_000, what: 'the process to be ended' });
    expect((await find(lead)) ?? 'not listed').toBe('not listed');
    expect(await eventsOf(lead)).toContain('WORKSPACE_REMOVED');
  }, 60_000);

  it('does any of this leaves no process behind, and a server on which everything has settled', async () => {
    await waitFor(async () => !(await isAlive(hanging)), { timeoutMs: 60_000, what: 'the frozen process to be ended' });
    const workspaces = await waitUntilSettled(world.api);
    expect(await strayAgents(world.dataDir, workspaces)).toEqual([]);
    expect(workspaces.filter(({ status }) => status === 'failed').map(({ name }) => name)).toEqual([
      'Unbootable lead',
      'Crasher lead',
      'Sleeper lead',
    ]);
  }, 90_000);
});
