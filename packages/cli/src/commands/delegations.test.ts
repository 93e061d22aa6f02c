import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anActivity, aWorkspace, type Cli, createCli } from '../../test/cli.js';
import { refusal } from '../../test/fake-server.js';

const lead = aWorkspace({ id: 'aaaaaaaa-0000-4000-8000-000000000001', name: 'Lead' });
const writer = aWorkspace({ id: 'bbbbbbbb-0000-4000-8000-000000000002', name: 'Writer', parent_id: lead.id });
const at = '2026-11-21T04:22:03.000Z';
const open = {
  delegation_id: 'cccccccc-0000-4000-8000-000000000003',
  caller_id: lead.id,
  callee_id: writer.id,
  task_preview: 'Write a poem',
  status: 'in_progress',
  retry_count: 0,
  created_at: at,
  updated_at: at,
};
const one = {
  delegation_id: open.delegation_id,
  caller_id: lead.id,
  target_id: writer.id,
  status: 'failed',
  task_preview: 'Write a poem',
  reason: 'agent_error',
  error_detail: 'no ink',
  attempts: 2,
  deadline: at,
  last_heartbeat: null,
  created_at: at,
  updated_at: at,
};

let cli: Cli;
beforeEach(async () => {
  cli = await createCli('/nonexistent');
  cli.server.on('listWorkspaces', { status: 200, body: [lead, writer] });
});
afterEach(() => cli.close());

describe('delegations ls', () => {
  const answer = (...delegations: object[]) =>
    cli.server.on('listAllDelegations', {
      status: 200,
      body: { delegations, count: delegations.length, limit: 100, status: 'in_flight' },
    });

  it('names who gave what to whom', async () => {
    answer(open);
    const seen = await cli.molecule('delegations', 'ls');
    expect(seen.exit).toBe(0);
    expect(seen.out).toMatch(/in_progress +Lead → Writer .*Write a poem/);
    expect(cli.server.calls.find((call) => call.route === 'listAllDelegations')?.query).toMatchObject({
      status: 'in_flight',
    });
  });

  it('says why one failed, and shows the id of a workspace that is gone', async () => {
    const gone = 'dddddddd-0000-4000-8000-000000000004';
    answer({ ...open, callee_id: gone, status: 'failed', reason: 'target_removed', error_detail: 'it was removed' });
    const seen = await cli.molecule('delegations', 'ls', '--status', 'failed');
    expect(seen.out).toMatch(/failed +Lead → dddddddd .*target_removed: it was removed/);
  });

  it('for one caller asks for its own', async () => {
    answer(open);
    const seen = await cli.molecule('delegations', 'ls', 'Lead', '--json');
    expect(JSON.parse(seen.out)).toMatchObject({ count: 1, delegations: [{ caller_id: lead.id }] });
    expect(cli.server.calls.find((call) => call.route === 'listAllDelegations')?.query).toMatchObject({
      caller_id: lead.id,
    });
  });

  it('says so when there is none, and refuses a status it does not know', async () => {
    answer();
    expect((await cli.molecule('delegations', 'ls', '--status', 'stuck')).out).toBe('No delegation is stuck.\n');
    const seen = await cli.molecule('delegations', 'ls', '--status', 'lost');
    expect(seen).toMatchObject({ exit: 2 });
    expect(seen.error).toContain('in_flight, stuck, failed, completed');
  });
});

it('delegations show tells the task, the state and the reason', async () => {
  cli.server.on('getDelegation', { status: 200, body: { ...one, next_step: 'Refill it.' } });
  const seen = await cli.molecule('delegations', 'show', 'Lead', one.delegation_id);
  expect(seen.out).toContain('Task: Write a poem\nState: failed\n');
  expect(seen.out).toContain('Reason: agent_error: no ink\nNext: Refill it.');
  expect(seen.out).not.toContain('Result:');
});

describe('delegations cancel', () => {
  const cancel = () => cli.molecule('delegations', 'cancel', 'Lead', one.delegation_id, '--reason', 'not wanted');

  it('passes the reason on', async () => {
    cli.server.on('cancelDelegation', { status: 200, body: { ...one, reason: 'canceled_by_caller' } });
    expect((await cancel()).out).toBe('Canceled.\n');
    expect(cli.server.calls.at(-1)).toMatchObject({ body: { reason: 'not wanted' } });
  });

  it('says when it had ended before, and passes a refusal on', async () => {
    cli.server.on('cancelDelegation', { status: 200, body: { ...one, status: 'completed', reason: undefined } });
    expect((await cancel()).out).toBe('It had ended before: completed.\n');
    cli.server.on('cancelDelegation', refusal('delegation_not_found'));
    expect(await cancel()).toMatchObject({ exit: 1 });
  });
});

describe('queue', () => {
  it('ls tells what waits for whom and what went wrong last', async () => {
    const queued = {
      id: open.delegation_id,
      workspace_id: writer.id,
      caller_id: null,
      kind: 'chat',
      method: 'message/send',
      attempts: 2,
      enqueued_at: at,
      due_at: at,
      last_error: 'connection refused',
    };
    cli.server.on('listQueue', { status: 200, body: { queue: [queued], count: 1, limit: 100 } });
    const seen = await cli.molecule('queue', 'ls', 'Writer');
    expect(seen.out).toMatch(/Writer +a person +chat .*2 +connection refused/);
    expect(cli.server.calls.find((call) => call.route === 'listQueue')?.query).toMatchObject({
      workspace_id: writer.id,
    });
    cli.server.on('listQueue', { status: 200, body: { queue: [], count: 0, limit: 100 } });
    expect((await cli.molecule('queue', 'ls')).out).toBe('Nothing waits.\n');
  });

  it('drop ends what is older than it was told', async () => {
    cli.server.on('dropStale', { status: 200, body: { dropped: 1 } });
    const seen = await cli.molecule('queue', 'drop', '--older-than', '5');
    expect(seen.out).toBe('1 message dropped that had waited for more than 5 min.\n');
    expect(cli.server.calls.at(-1)?.query).toEqual({ max_age_minutes: '5' });
    expect((await cli.molecule('queue', 'drop', '--older-than', '0')).exit).toBe(2);
  });
});

it('inbox shows what was sent, the newest at the end', async () => {
  const message = (text: string) => ({ params: { message: { parts: [{ kind: 'text', text }] } } });
  const rows = [
    anActivity({ id: '2', source_id: writer.id, method: 'delegate_result', request_body: message('done') }),
    anActivity({ id: '1', source_id: null, request_body: message('hello') }),
  ];
  cli.server.on('listActivity', { status: 200, body: rows });
  const [, first = '', second = ''] = (await cli.molecule('inbox', 'Lead')).out.split('\n');
  expect(first).toMatch(/a person +message +hello/);
  expect(second).toMatch(/Writer +result +done/);
});
