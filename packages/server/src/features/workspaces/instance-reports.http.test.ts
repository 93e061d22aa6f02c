import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';
import { readEvents } from '../../platform/event-log.js';

const NOBODY = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';
const database = useTestDatabase();
let app: RealApp;

beforeAll(async () => {
  app = await startRealApp(database.url);
});
afterAll(() => app.close());

/** Started and not registered: it stays `provisioning`. */
async function starting(name: string): Promise<string> {
  const { body } = await app.call('POST', '/workspaces', { name, runtime: 'echo' });
  const id = String(body.id);
  await waitFor(async () => (await rowOf(id)).instance_state === 'running');
  return id;
}

const rowOf = (id: string) =>
  app.app.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

async function failuresOf(id: string): Promise<unknown[]> {
  const events = await readEvents(app.app.ports.lanes.control, { afterSeq: 0, limit: 1_000, workspaceId: id });
  return events.filter(({ type }) => type === 'WORKSPACE_PROVISION_FAILED').map(({ payload }) => payload);
}

const report = (id: string, body: unknown) => app.call('POST', `/admin/workspaces/${id}/bootstrap-failed`, body);

describe('a boot that is reported as failed', () => {
  it('fails a workspace that is starting, with what was said and the end of the log, once', async () => {
    const id = await starting('boots');
    const answer = await report(id, { error: 'no disk', log_tail: 'line one\nline two' });
    expect([answer.status, answer.body]).toEqual([200, { ok: true }]);
    expect(await rowOf(id)).toMatchObject({
      status: 'failed',
      last_sample_error: 'no disk\n\nline one\nline two',
      failure_reason: 'bootstrap_failed',
    });
    expect(await failuresOf(id)).toEqual([
      { error: 'no disk', log_tail: 'line one\nline two', source: 'bootstrap_watcher', reason: 'bootstrap_failed' },
    ]);
    const again = await report(id, { error: 'no disk' });
    expect([again.status, again.body]).toEqual([200, { ok: true, no_change: true }]);
    expect(await failuresOf(id)).toHaveLength(1);
  });

  it('of any length fits, keeps the end and says that it was cut', async () => {
    const id = await starting('chatty');
    const tail = `${Array.from({ length: 2_000 }, (_, n) => `é line ${n}`).join('\n')}\nthe end`;
    expect((await report(id, { error: '', log_tail: tail })).status).toBe(200);
    const { last_sample_error: text } = await rowOf(id);
    expect(text).toMatch(/^bootstrap failed — see log_tail\n\n\.\.\.\(truncated\)\.\.\.\n[\s\S]*\nthe end$/);
    expect(Buffer.byteLength(text ?? '')).toBeLessThanOrEqual(8_192);
    expect(text).not.toContain('\ufffd');
  });

  it('changes nothing once the agent is there, or for an id that is none of ours', async () => {
    const { body } = await app.call('POST', '/workspaces', { name: 'elsewhere', external: true });
    for (const id of [body.id, NOBODY]) {
      expect((await report(id, { error: 'late' })).body).toEqual({ ok: true, no_change: true });
    }
    expect((await rowOf(body.id)).status).toBe('awaiting_agent');
    expect(await report(body.id, { error: 7 })).toMatchObject({ status: 400, body: { error: 'invalid request body' } });
  });
});

describe('the console of a workspace', () => {
  it('is refused in the words that canvases know where its backend keeps no output', async () => {
    const { body } = await app.call('POST', '/workspaces', { name: 'silent', external: true });
    expect(await app.call('GET', `/workspaces/${body.id}/console`)).toMatchObject({
      status: 501,
      body: { error: 'console output unavailable on this deployment (no control plane)' },
    });
    expect((await app.call('GET', `/workspaces/${NOBODY}/console`)).status).toBe(404);
  });
});

describe('the output of a workspace that runs on another host', () => {
  it('is refused and not answered as empty, by the console and by the logs', async () => {
    const id = await starting('far');
    await app.app.ports.lanes.control.updateTable('workspaces').set({ host_id: NOBODY }).where('id', '=', id).execute();
    for (const what of ['console', 'logs']) {
      expect(await app.call('GET', `/workspaces/${id}/${what}`)).toMatchObject({
        status: 503,
        body: { code: 'workspace_on_another_host', retry: true },
      });
    }
  });
});

describe('the working folder of a workspace', () => {
  it('is not chosen by the agent, whose token would then read any folder of the machine', async () => {
    const { body } = await app.call('POST', '/workspaces', { name: 'curious', external: true });
    const token = String(body.connection.auth_token);
    const patch = { role: 'spy', workspace_dir: '/root/keys' };
    expect(await app.call('PATCH', `/workspaces/${body.id}`, patch, token)).toMatchObject({
      status: 403,
      body: { code: 'workspace_dir_refused' },
    });
    expect((await rowOf(body.id)).role).toBeNull();
    expect((await app.call('PATCH', `/workspaces/${body.id}`, { role: 'writer' }, token)).status).toBe(200);
    expect((await app.call('PATCH', `/workspaces/${body.id}`, { workspace_dir: '/srv/work' })).status).toBe(200);
  });
});

describe('the configuration that clients keep for a workspace', () => {
  it('is empty at first, and takes keys one level deep, also from several at once', async () => {
    const { body } = await app.call('POST', '/workspaces', { name: 'kept', external: true });
    const path = `/workspaces/${body.id}/config`;
    expect((await app.call('GET', path)).body).toEqual({ data: {} });
    const first = await app.call('PATCH', path, { a: { deep: 1 }, b: null, text: 'a\u0000b' });
    expect([first.status, first.body]).toEqual([200, { status: 'updated' }]);
    await Promise.all(Array.from({ length: 8 }, (_, n) => app.call('PATCH', path, { [`k${n}`]: n })));
    await app.call('PATCH', path, { a: { other: 2 } });
    expect((await app.call('GET', path)).body.data).toEqual({
      ...{ a: { other: 2 }, b: null, text: 'a\ufffdb' },
      ...Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`k${n}`, n])),
    });
  });

  it('refuses what is no object or too large, alone or together with what is there, and stays', async () => {
    const { body } = await app.call('POST', '/workspaces', { name: 'limited', external: true });
    const path = `/workspaces/${body.id}/config`;
    for (const bad of [[], 'x', 1, null]) {
      expect(await app.call('PATCH', path, bad)).toMatchObject({ status: 400, body: { error: 'invalid JSON' } });
    }
    expect((await app.call('PATCH', path, { one: 'x'.repeat(200_000) })).status).toBe(200);
    for (const large of [{ two: 'x'.repeat(100_000) }, { all: 'x'.repeat(300_000) }]) {
      expect(await app.call('PATCH', path, large)).toMatchObject({
        status: 413,
        body: { error: 'body too large or unreadable' },
      });
    }
    expect(Object.keys((await app.call('GET', path)).body.data)).toEqual(['one']);
    expect((await app.call('PATCH', `/workspaces/${NOBODY}/config`, { a: 1 })).status).toBe(404);
  });

  it('goes with its workspace when that is purged', async () => {
    const { body } = await app.call('POST', '/workspaces', { name: 'purged', external: true });
    await app.call('PATCH', `/workspaces/${body.id}/config`, { a: 1 });
    expect((await app.call('DELETE', `/workspaces/${body.id}?purge=true`)).body.status).toBe('purged');
    const rows = await app.app.ports.lanes.control
      .selectFrom('workspace_config')
      .select('workspace_id')
      .where('workspace_id', '=', body.id)
      .execute();
    expect(rows).toEqual([]);
  });
});
