import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld } from '../../../test/messages-world.js';

describe('searching the past of a workspace', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let id: string;
  beforeAll(async () => {
    world = await createMessagesWorld(database.url);
    id = await world.addWorkspace();
    const other = await world.addWorkspace();
    for (const [workspace, summary, body] of [
      [id, 'Drew the Roadmap', { plan: 'Quarterly Report' }],
      [id, '100% done', null],
      [id, 'a_b', null],
      [other, 'roadmap of others', null],
    ] as const) {
      const report = { activity_type: 'agent_log', summary, ...(body === null ? {} : { request_body: body }) };
      await world.post(`/workspaces/${workspace}/activity`, report);
    }
  });
  afterAll(() => world.close());
  const search = async (query: string) =>
    (await world.get(`/workspaces/${id}/session-search?${query}`)).json as Record<string, unknown>[];
  const contents = async (q: string) => (await search(`q=${encodeURIComponent(q)}`)).map((hit) => hit.content);

  it('finds words in any case, in the summary and inside bodies, of this workspace only', async () => {
    expect(await contents('ROADMAP')).toEqual(['Drew the Roadmap']);
    expect(await contents(' quarterly report ')).toEqual(['Drew the Roadmap']);
    expect(await search('q=roadmap')).toMatchObject([
      {
        kind: 'activity',
        workspace_id: id,
        label: 'agent_log',
        method: '',
        status: 'ok',
        request_body: { plan: 'Quarterly Report' },
      },
    ]);
    expect(await contents('nowhere')).toEqual([]);
  });

  it('takes % and _ and backslashes for what they are', async () => {
    expect(await contents('%')).toEqual(['100% done']);
    expect(await contents('a_b')).toEqual(['a_b']);
    // As a wildcard it would find the type of each row.
    expect(await contents('l_g')).toEqual([]);
    expect(await contents('a%b')).toEqual([]);
    expect(await contents('\\')).toEqual([]);
  });

  it('without words lists everything, the newest first, and keeps to the limit', async () => {
    expect(await contents('')).toEqual(['a_b', '100% done', 'Drew the Roadmap']);
    expect((await search('limit=1')).map((hit) => hit.content)).toEqual(['a_b']);
  });

  it('leaves out bodies that would make the answer larger than clients read', async () => {
    const busy = await world.addWorkspace();
    for (let n = 0; n < 5; n += 1) {
      const request_body = { text: `${n} ${'x'.repeat(240_000)}` };
      await world.post(`/workspaces/${busy}/activity`, { activity_type: 'agent_log', summary: `${n}`, request_body });
    }
    const reply = await world.get(`/workspaces/${busy}/session-search?q=xxx`);
    expect(reply.json).toHaveLength(5);
    expect(reply.text.length).toBeLessThan(1024 * 1024);
    expect(reply.json.filter((hit: object) => 'request_body' in hit)).toHaveLength(3);
  });
});
