import { createFakeAgent, type FakeAgent } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { type RealApp, startRealApp } from './real-app.js';

describe('agents that run elsewhere', () => {
  const database = useTestDatabase();
  let app: RealApp;
  let agent: FakeAgent;
  beforeAll(async () => {
    app = await startRealApp(database.url);
    agent = await createFakeAgent();
  });
  afterAll(async () => {
    await app.close();
    await agent.close();
  });

  async function add(name: string, more: object = {}): Promise<{ id: string; token: string }> {
    const { body } = await app.call('POST', '/workspaces', { name, external: true, ...more });
    return { id: body.id, token: body.connection.auth_token };
  }

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://2852039166/',
    'http://[::ffff:169.254.169.254]/',
    'http://localhost@100.64.0.1/',
    'ftp://agent.example.com/',
  ])('B-50: cannot register or be created at %s', async (url) => {
    const { id, token } = await add('Sly');
    const registered = await app.call('POST', '/registry/register', { id, url, agent_card: { name: 'sly' } }, token);
    expect(registered).toMatchObject({ status: 400, body: { code: 'invalid_url' } });
    expect((await app.call('GET', `/workspaces/${id}`)).body).toMatchObject({ url: '', status: 'awaiting_agent' });
    const created = await app.call('POST', '/workspaces', { name: 'Sly', external: true, url });
    expect(created).toMatchObject({ status: 400, body: { code: 'invalid_url' } });
  });

  it('B-51: are the source of what they write, however their client says who it is; a person is not', async () => {
    const lead = await add('Lead');
    const register = { id: lead.id, url: agent.url, agent_card: { name: 'lead' } };
    expect((await app.call('POST', '/registry/register', register, lead.token)).status).toBe(200);
    const child = await add('Child', { parent_id: lead.id });
    const shapes: [string, string | undefined, Record<string, string>, string | null][] = [
      ['runtime', child.token, { 'x-workspace-id': child.id }, child.id],
      ['plugin', child.token, { 'x-source-workspace-id': child.id }, child.id],
      ['command line', child.token, {}, child.id],
      ['operator in its name', undefined, { 'x-source-workspace-id': child.id }, child.id],
      ['person', undefined, {}, null],
    ];
    for (const [shape, token, headers] of shapes) {
      const message = { role: 'user', messageId: shape, parts: [{ kind: 'text', text: shape }] };
      const body = { jsonrpc: '2.0', id: shape, method: 'message/send', params: { message } };
      const reply = await app.call('POST', `/workspaces/${lead.id}/a2a`, body, token, headers);
      expect({ shape, status: reply.status }).toEqual({ shape, status: 200 });
    }
    const { body } = await app.call('GET', `/workspaces/${lead.id}/activity?type=a2a_receive`);
    const sources = body.map((row: { message_id: string; source_id: string | null }) => [
      row.message_id,
      row.source_id,
    ]);
    expect(sources.toReversed()).toEqual(shapes.map(([shape, , , source]) => [shape, source]));
    expect(agent.received.map((request) => request.headers['x-workspace-id'] ?? null)).toEqual(
      shapes.map(([, , , source]) => source),
    );
  });
});
