import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createMessagesWorld, type MessagesWorld, toEnvelope } from '../../../test/messages-world.js';

const UNKNOWN = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';

describe('what a polling agent says and hears', () => {
  const database = useTestDatabase();
  let world: MessagesWorld;
  let count = 0;
  const nextId = (): string => `poll-${++count}`;
  beforeAll(async () => {
    world = await createMessagesWorld(database.url);
    world.ports.supervisor.start();
  });
  afterAll(() => world.close());

  const addPoller = () => world.addWorkspace({ backend: 'external', deliveryMode: 'poll', name: 'Poller' });
  const notify = (id: string, body: unknown) => world.post(`/workspaces/${id}/notify`, body);
  const eventsOf = async (id: string) => (await world.events()).filter((event) => event.workspace_id === id);
  const inbox = (id: string, more = '') => world.get(`/workspaces/${id}/activity?type=a2a_receive${more}`);

  it('a note to the person is stored as the contract says, and then told', async () => {
    const id = await addPoller();
    const long = `${'x'.repeat(79)}😀 and more`;
    expect(await notify(id, { message: long, type: 'ignored' })).toMatchObject({
      status: 200,
      json: { status: 'sent' },
    });
    const [row] = await world.activities(id);
    expect(row).toMatchObject({
      activity_type: 'a2a_receive',
      method: 'notify',
      source_id: null,
      request_body: null,
      response_body: { result: long },
      summary: `Agent message: ${'x'.repeat(79)}😀…`,
      status: 'ok',
    });
    expect(row?.response_body).not.toHaveProperty('parts');
    const [first, second] = await eventsOf(id);
    expect(first).toMatchObject({
      type: 'AGENT_MESSAGE',
      payload: { message: long, workspace_id: id, name: 'Poller', activity_id: row?.id },
    });
    expect(second).toMatchObject({ type: 'ACTIVITY_LOGGED', payload: { activity_id: row?.id } });
  });

  it('attachments are parts of the row, and of the event when they fit', async () => {
    const id = await addPoller();
    const file = { uri: 'workspace:/a.txt', name: 'a.txt', mimeType: 'text/plain', size: 3 };
    await notify(id, { message: 'here', attachments: [file, { uri: 'u', name: 'n', more: 'dropped' }] });
    const files = [file, { uri: 'u', name: 'n' }];
    const [row] = await world.activities(id);
    expect(row?.response_body).toEqual({ result: 'here', parts: files.map((one) => ({ kind: 'file', file: one })) });
    expect((await eventsOf(id))[0]?.payload).toMatchObject({ attachments: files });
  });

  it.each([
    ['text alone', { message: 'just words' }],
    ['an empty list of files', { message: 'no files', attachments: [] }],
    [
      'text and files',
      {
        message: 'two files',
        attachments: [
          { uri: 'workspace:/a.txt', name: 'a.txt', mimeType: 'text/plain', size: 3 },
          { uri: 'workspace:/b', name: 'b' },
        ],
      },
    ],
  ])('B-75: a page that is loaded again shows what was shown live: %s', async (_what, body) => {
    const id = await addPoller();
    expect((await notify(id, body)).status).toBe(200);
    const [live] = await eventsOf(id);
    const [row] = (await inbox(id)).json;
    expect(row).toMatchObject({ id: live?.payload.activity_id, method: 'notify', source_id: null });
    const files = (row.response_body.parts ?? []).map(({ kind, file }: { kind: string; file: object }) => {
      expect(kind).toBe('file');
      return file;
    });
    const given: object[] = 'attachments' in body ? (body.attachments ?? []) : [];
    expect({ message: row.response_body.result, files }).toEqual({ message: body.message, files: given });
    expect({ message: live?.payload.message, files: live?.payload.attachments ?? [] }).toEqual({
      message: body.message,
      files: given,
    });
    // Nothing is made up where nothing was sent.
    expect('parts' in row.response_body).toBe(given.length > 0);
    expect('attachments' in (live?.payload ?? {})).toBe(given.length > 0);
  });

  it.each([
    ['long', '界'.repeat(20_000)],
    ['full of what JSON escapes', '\u0001"'.repeat(5_000)],
  ])('a message that is %s is told by its beginning, and kept whole', async (_, message) => {
    const id = await addPoller();
    expect((await notify(id, { message })).status).toBe(200);
    const [event] = await eventsOf(id);
    expect(event?.payload).toMatchObject({ truncated: true });
    const told = String(event?.payload.message);
    expect(told.at(-1)).toBe('…');
    expect(message.startsWith(told.slice(0, -1))).toBe(true);
    expect((await world.activities(id))[0]?.response_body).toEqual({ result: message });
  });

  it.each([
    [{}, 400, 'message is required'],
    [{ message: '' }, 400, 'message is required'],
    [{ message: '', attachments: [{ uri: 'u', name: 'n' }] }, 400, 'message is required'],
    ['{"message"', 400, 'message is required'],
    [
      { message: 'x', attachments: [{ uri: 'u', name: 'n' }, { uri: 'u' }] },
      400,
      'attachment[1]: uri and name are required',
    ],
    [{ message: 'x', attachments: ['u'] }, 400, 'attachment[0]: uri and name are required'],
    [{ message: 'x', in_reply_to: UNKNOWN }, 400, 'in_reply_to names no message of a person to this workspace'],
    [{ message: 'x', in_reply_to: 'me' }, 400, 'in_reply_to names no message of a person to this workspace'],
    [{ message: 'x'.repeat(300_000) }, 413, 'message is longer than 256 KiB'],
  ])('%j is refused and changes nothing', async (body, status, error) => {
    const id = await addPoller();
    expect(await notify(id, body)).toMatchObject({ status, json: { error } });
    expect([await world.activities(id), await eventsOf(id)]).toEqual([[], []]);
  });

  it('a workspace that is gone says nothing', async () => {
    const removed = await world.addWorkspace({ status: 'removed', backend: 'external' });
    for (const id of [removed, UNKNOWN]) {
      expect(await notify(id, { message: 'x' })).toMatchObject({ status: 404, json: { error: 'workspace not found' } });
    }
  });

  it('the answer to a person is one entry with the question, however often it is sent', async () => {
    const id = await addPoller();
    const messageId = nextId();
    const { json } = await world.send(id, toEnvelope('how are you?', messageId));
    const body = { message: 'fine', in_reply_to: json.activity_id };
    for (const reply of await Promise.all([1, 2, 3].map(() => notify(id, body)))) expect(reply.status).toBe(200);
    const rows = await world.activities(id);
    expect(rows).toMatchObject([
      { id: json.activity_id, status: 'ok', response_body: { result: { parts: [{ kind: 'text', text: 'fine' }] } } },
    ]);
    expect(rows[0]?.duration_ms).toBeGreaterThan(0);
    expect((await eventsOf(id)).map((event) => event.type)).toEqual([
      'ACTIVITY_LOGGED',
      'ACTIVITY_LOGGED',
      'A2A_RESPONSE',
    ]);
    // Whoever sends the question again gets the answer, and the agent is not asked again.
    const again = await world.send(id, toEnvelope('how are you?', messageId));
    expect(again).toMatchObject({ status: 200, json: { id: messageId, result: { parts: [{ text: 'fine' }] } } });
    // A different second answer is not lost.
    for (const _ of [1, 2]) await notify(id, { ...body, message: 'and one more thing' });
    expect((await world.activities(id)).map((row) => row.method)).toEqual(['message/send', 'notify']);
  });

  it.each(['a\u0000b', 'a\ud800b'])(
    'an answer that cannot be stored as it is is recognised again: %j',
    async (message) => {
      const id = await addPoller();
      const { json } = await world.send(id, toEnvelope('odd?', nextId()));
      for (const _ of [1, 2]) expect((await notify(id, { message, in_reply_to: json.activity_id })).status).toBe(200);
      expect(await world.activities(id)).toHaveLength(1);
    },
  );

  it('an answer that failed says why on the question', async () => {
    const id = await addPoller();
    const messageId = nextId();
    const { json } = await world.send(id, toEnvelope('go', messageId));
    const body = { message: 'exit 3: no such file', in_reply_to: json.activity_id, failed: true };
    for (const _ of [1, 2]) expect((await notify(id, body)).status).toBe(200);
    expect(await world.row(messageId)).toMatchObject({ state: 'failed', reason: 'agent_error' });
    expect(await world.activities(id)).toMatchObject([{ status: 'error', error_detail: 'exit 3: no such file' }]);
  });

  it('only what a person wrote can be answered this way, and only by its addressee', async () => {
    const id = await addPoller();
    const other = await addPoller();
    const { json } = await world.send(id, toEnvelope('from a peer', nextId()), { caller: other });
    const mine = await world.send(id, toEnvelope('mine', nextId()));
    expect((await notify(id, { message: 'x', in_reply_to: json.activity_id })).status).toBe(400);
    expect((await notify(other, { message: 'x', in_reply_to: mine.json.activity_id })).status).toBe(400);
  });

  it('B-49: a message that cannot be stored is not acknowledged', async () => {
    const id = await addPoller();
    const db = world.ports.lanes.work;
    await sql`create function refuse_it() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`.execute(
      db,
    );
    await sql`create trigger refuse_it before insert on activity_logs for each row execute function refuse_it()`.execute(
      db,
    );
    const messageId = nextId();
    try {
      expect((await world.send(id, toEnvelope('lost?', messageId))).status).toBeGreaterThanOrEqual(500);
      expect((await notify(id, { message: 'lost?' })).status).toBeGreaterThanOrEqual(500);
    } finally {
      await sql`drop trigger refuse_it on activity_logs`.execute(db);
      await sql`drop function refuse_it()`.execute(db);
    }
    expect(await world.row(messageId)).toBeUndefined();
    expect((await world.send(id, toEnvelope('not lost', messageId))).status).toBe(202);
    expect(await world.activities(id)).toMatchObject([{ message_id: messageId }]);
  });

  it('B-73: everything it is to hear has the type it asks for, and says by its method what it is', async () => {
    const id = await addPoller();
    const below = { parentId: id, backend: 'external', deliveryMode: 'poll' } as const;
    const peer = await world.addWorkspace({ ...below, name: 'Peer' });
    await world.send(id, toEnvelope('from a person', nextId()));
    await world.send(id, toEnvelope('from a person who waits', nextId(), 'message/stream'));
    await world.send(id, toEnvelope('from a peer', nextId()), { caller: peer });
    await world.post(`/workspaces/${peer}/delegate`, { target_id: id, task: 'a task' });
    for (const end of [
      { status: 'completed', response: 'done' },
      { status: 'failed', error: 'no ink' },
    ]) {
      const given = await world.post(`/workspaces/${id}/delegate`, { target_id: peer, task: `to be ${end.status}` });
      await world.post(`/workspaces/${peer}/delegations/${given.json.delegation_id}/update`, end);
    }
    await notify(id, { message: 'said itself' });
    const { json } = await inbox(id, '&limit=500');
    const heard = json
      .toReversed()
      .map((row: { method: string; source_id: string | null }) => [row.method, row.source_id]);
    expect(heard).toEqual([
      ['message/send', null],
      ['message/stream', null],
      ['message/send', peer],
      ['message/send', peer],
      ['delegate_result', peer],
      ['delegate_result', peer],
      ['notify', null],
    ]);
    // What else its log holds is its own account of what it gave to others.
    const rest = (await world.activities(id)).filter(({ activity_type }) => activity_type !== 'a2a_receive');
    expect(new Set(rest.map(({ activity_type }) => activity_type))).toEqual(new Set(['delegation']));
  });

  describe('waiting for a message', () => {
    it('ends with the row, not with the time', async () => {
      const id = await addPoller();
      const first = await world.send(id, toEnvelope('first', nextId()));
      const waiting = [`&since_id=${first.json.activity_id}&wait=25`].map((more) => inbox(id, more));
      const empty = await addPoller();
      waiting.push(inbox(empty, '&since_secs=600&wait=25'));
      for (const target of [id, empty]) await world.send(target, toEnvelope('second', nextId()));
      for (const reply of await Promise.all(waiting)) {
        expect(reply).toMatchObject({ status: 200, json: [{ data: { text: 'second' } }] });
      }
      // Far below the 25 s that were asked for.
    }, 10_000);

    it('ends empty when the time is up, and at once when nobody said how long', async () => {
      const id = await addPoller();
      const first = await world.send(id, toEnvelope('first', nextId()));
      const since = `&since_id=${first.json.activity_id}`;
      for (const more of [since, `${since}&wait=0`, `${since}&wait=1`, '&since_secs=0&wait=25']) {
        expect(await inbox(id, more)).toMatchObject({ status: 200, json: [] });
      }
      expect((await inbox(id, `${since}&wait=26`)).status).toBe(400);
      expect((await inbox(id, `&since_id=${UNKNOWN}&wait=25`)).status).toBe(410);
    });

    it('is let go when the server stops', async () => {
      const own = await createMessagesWorld(database.url);
      const id = await addPoller();
      const waiting = own.get(`/workspaces/${id}/activity?since_secs=60&wait=25`);
      const asked = own.get(`/workspaces/${id}/activity`);
      await asked;
      own.activity.standDown();
      expect(await waiting).toMatchObject({ status: 200, json: [] });
      await own.close();
    }, 10_000);
  });
});
