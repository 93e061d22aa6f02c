import { type RouteName, type RouteSpec, routes } from '@molecule/contract';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { type RealApp, type RealReply, startRealApp } from './real-app.js';

describe('a removed workspace', () => {
  const database = useTestDatabase();
  let app: RealApp;
  let id: string;
  /** Its own, revoked by the removal. */
  let token: string;
  let other: { readonly id: string; readonly token: string };
  let removedBetween: readonly [Date, Date];

  beforeAll(async () => {
    app = await startRealApp(database.url);
    const add = async (name: string) => {
      const { body } = await app.call('POST', '/workspaces', { name, role: 'r', external: true });
      const card = { id: body.id, agent_card: { name }, delivery_mode: 'poll' };
      await app.call('POST', '/registry/register', card, body.connection.auth_token);
      return { id: String(body.id), token: String(body.connection.auth_token) };
    };
    ({ id, token } = await add('gone'));
    other = await add('other');
    const before = new Date();
    expect((await app.call('DELETE', `/workspaces/${id}`)).status).toBe(200);
    removedBetween = [before, new Date()];
  });
  afterAll(() => app.close());

  /** Calls a route about the workspace as its agent would. */
  function replay(spec: RouteSpec, bearer: string): Promise<RealReply> {
    const path = spec.path
      .replace(':id', id)
      .replace(':key', 'SOME_KEY')
      .replace(/:[A-Za-z]+/, '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab');
    const message = { role: 'user', messageId: 'late', parts: [{ kind: 'text', text: 'late' }] };
    const body = {
      ...{ id, workspace_id: id, agent_card: { name: 'late' }, url: 'https://late.example', caller_id: id },
      ...{ jsonrpc: '2.0', method: 'message/send', params: { message } },
      ...{ target_id: other.id, task: 'late', activity_type: 'agent_log', summary: 'late', key: 'LATE', value: 'late' },
      ...{ name: 'late', x: 1, y: 1 },
    };
    const headers = { authorization: bearer, 'x-workspace-id': id };
    return app.call(spec.method, path, ['GET', 'DELETE'].includes(spec.method) ? undefined : body, token, headers);
  }

  async function traces(): Promise<unknown> {
    const { rows } = await sql`
      select (select to_jsonb(w) from workspaces as w where id = ${id}) as row,
             (select count(*) from workspace_auth_tokens where workspace_id = ${id} and revoked_at is null) as live_tokens,
             (select count(*) from workspace_auth_tokens where workspace_id = ${id}) as tokens,
             (select last_seq from event_counter) as events,
             (select count(*) from messages) as messages,
             (select count(*) from activity_logs) as activities,
             (select count(*) from workspace_secrets) as secrets`.execute(app.app.ports.lanes.control);
    return rows[0];
  }

  it.each([
    ['its old token', () => `Bearer ${token}`],
    ['no token', () => ''],
  ])('B-03: is dead at every door for who comes with %s, and leaves no trace of the attempt', async (_what, bearer) => {
    // The worker may still hold the row for a moment.
    await waitFor(async () => !JSON.stringify(await traces()).includes('"lease_owner":"'));
    const before = await traces();
    const answers: Partial<Record<RouteName, string>> = {};
    for (const [name, spec] of Object.entries<RouteSpec>(routes) as [RouteName, RouteSpec][]) {
      if (spec.access === 'open') continue;
      const { status, body } = await replay(spec, bearer());
      if (status !== 401) answers[name] = `${status} ${body.error ?? ''}`;
    }
    const exceptions = { getWorkspace: '410 workspace removed', getWorkspaceState: '404 ' };
    expect(answers).toEqual(bearer() === '' ? {} : exceptions);
    expect(await traces()).toEqual(before);
  });

  it('R21, B-03: tells its own agent that it is gone, when, and what to do', async () => {
    const { status, headers, body } = await app.call('GET', `/workspaces/${id}`, undefined, token);
    expect(status).toBe(410);
    expect(headers.get('content-type')).toContain('application/json');
    expect(body).toEqual({
      error: 'workspace removed',
      id,
      removed_at: expect.any(String),
      hint: expect.stringMatching(/^Regenerate .*Tokens tab/),
      code: 'workspace_removed',
      retry: false,
      help: expect.any(String),
    });
    const removedAt = new Date(body.removed_at);
    expect(removedAt.toISOString()).toBe(body.removed_at);
    const [from, to] = removedBetween;
    // The database's clock and ours may be two.
    expect(removedAt.getTime()).toBeGreaterThan(from.getTime() - 60_000);
    expect(removedAt.getTime()).toBeLessThan(to.getTime() + 60_000);
  });

  it('B-03: says when it was removed, however often its row is touched later', async () => {
    const read = async () => (await app.call('GET', `/workspaces/${id}`, undefined, token)).body.removed_at;
    const first = await read();
    await app.call('DELETE', `/workspaces/${id}`);
    await sql`update workspaces set updated_at = now() + interval '1 day' where id = ${id}`.execute(
      app.app.ports.lanes.control,
    );
    expect(await read()).toBe(first);
  });

  it('R21, B-04, M-30: gives no date rather than an invented one', async () => {
    const db = app.app.ports.lanes.control;
    const { removed_at: known } = await db
      .selectFrom('workspaces')
      .select('removed_at')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const dated = (date: Date | null) =>
      db.updateTable('workspaces').set({ removed_at: date }).where('id', '=', id).execute();
    await dated(null);
    expect(await app.call('GET', `/workspaces/${id}`, undefined, token)).toMatchObject({
      status: 410,
      body: { removed_at: null, hint: expect.stringMatching(/^Regenerate /) },
    });
    await dated(known);
  });

  it('B-03: tells an agent that polls its state to stop', async () => {
    for (const bearer of [token, undefined]) {
      const reply = await app.call('GET', `/workspaces/${id}/state`, undefined, bearer);
      expect([reply.status, reply.body]).toEqual([404, { workspace_id: id, status: 'removed', deleted: true }]);
    }
    const unknown = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';
    const never = await app.call('GET', `/workspaces/${unknown}/state`);
    expect([never.status, never.body]).toEqual([404, { workspace_id: unknown, deleted: true }]);
  });

  it('R21, B-03, M-30: shows its last record to an administrator who asks for it, and to nobody else', async () => {
    const path = `/workspaces/${id}?include_removed`;
    const shown = await app.call('GET', `${path}=true`);
    expect([shown.status, shown.body]).toMatchObject([200, { id, name: 'gone', status: 'removed' }]);
    for (const value of ['', '=', '=1', '=TRUE', '=false']) {
      expect({ value, ...(await app.call('GET', `${path}${value}`)) }).toMatchObject({ value, status: 410 });
    }
    for (const bearer of [token, other.token]) {
      expect((await app.call('GET', `${path}=true`, undefined, bearer)).status).toBe(410);
    }
    expect((await app.call('GET', `${path}=true`, undefined, 'wrong')).status).toBe(401);
    expect((await app.call('GET', '/workspaces')).body.map((one: { id: string }) => one.id)).toEqual([other.id]);
  });

  it('B-03: is unknown to everybody once it is purged', async () => {
    expect((await app.call('DELETE', `/workspaces/${id}?purge=true`)).body).toEqual({
      status: 'purged',
      cascade_deleted: 0,
    });
    expect((await app.call('GET', `/workspaces/${id}`, undefined, token)).status).toBe(401);
    expect((await app.call('GET', `/workspaces/${id}/state`, undefined, token)).status).toBe(401);
    expect((await app.call('GET', `/workspaces/${id}?include_removed=true`)).status).toBe(404);
    expect((await app.call('GET', `/workspaces/${id}/state`)).body).toEqual({ workspace_id: id, deleted: true });
  });

  it('B-66: leaves the record of what it was asked for and what it asked for, also once it is purged', async () => {
    const add = async (name: string, place = {}) => {
      const { body } = await app.call('POST', '/workspaces', { name, external: true, ...place });
      return { id: String(body.id), token: String(body.connection.auth_token) };
    };
    const caller = await add('caller');
    const callee = await add('callee', { parent_id: caller.id });
    const delegate = async (from: typeof caller, to: typeof caller, task: string): Promise<string> => {
      const asked = { target_id: to.id, task };
      const { body } = await app.call('POST', `/workspaces/${from.id}/delegate`, asked, from.token);
      const done = { status: 'completed', response: `${task}: done` };
      await app.call('POST', `/workspaces/${to.id}/delegations/${body.delegation_id}/update`, done, to.token);
      return body.delegation_id;
    };
    const ids = [await delegate(caller, callee, 'down'), await delegate(callee, caller, 'up')];
    const recorded = async () => {
      const { body } = await app.call('GET', '/admin/delegations?status=completed');
      return body.delegations.filter((row: { delegation_id: string }) => ids.includes(row.delegation_id));
    };
    const before = await recorded();
    expect(before).toMatchObject([
      { caller_id: callee.id, callee_id: caller.id, task_preview: 'up', result_preview: 'up: done' },
      { caller_id: caller.id, callee_id: callee.id, task_preview: 'down', result_preview: 'down: done' },
    ]);
    const gone = await app.call('DELETE', `/workspaces/${caller.id}?confirm=true&purge=true`);
    expect(gone).toMatchObject({ status: 200, body: { status: 'purged', cascade_deleted: 1 } });
    const left = await sql`select from workspaces where id in (${caller.id}, ${callee.id})`.execute(
      app.app.ports.lanes.control,
    );
    expect(left.rows).toEqual([]);
    expect(await recorded()).toEqual(before);
  });
});
