import type { Activity, EventFrame } from '@molecule/contract';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Exchange } from '../model/chat.js';
import { type ChatStore, chatOf, createChatStore } from '../state/chat-store.js';
import { createFakeServer, type FakeServer, json, refusal, sse } from '../testing/fake-server.js';
import { createManualClock, type ManualClock } from '../testing/manual-clock.js';
import { type Conversations, createConversations } from './conversations.js';

const send = 'POST /workspaces/w1/a2a';
const history = 'GET /workspaces/w1/activity';

let server: FakeServer;
let clock: ManualClock;
let chats: ChatStore;
let talk: Conversations;
let sentIds: string[];

const row = (messageId: string, answer: string): Activity => ({
  id: `a-${messageId}`,
  workspace_id: 'w1',
  activity_type: 'a2a_receive',
  source_id: null,
  target_id: 'w1',
  method: 'message/stream',
  summary: null,
  duration_ms: 5,
  status: 'ok',
  error_detail: null,
  created_at: '2026-03-01T10:00:00.000Z',
  request_body: { params: { message: { parts: [{ text: 'hi' }] } } },
  response_body: { result: answer },
  seq: 1,
  message_id: messageId,
});
const exchanges = (): Exchange[] =>
  chatOf(chats.getState(), 'w1').entries.filter((entry): entry is Exchange => entry.kind === 'exchange');
const answers = () => exchanges().map((exchange) => exchange.answer);
const settled = (state: Exchange['answer']['state']) => vi.waitFor(() => expect(answers().at(-1)?.state).toBe(state));
const logged = (): EventFrame =>
  ({ event: 'A2A_RESPONSE', workspace_id: 'w1', timestamp: '', payload: {}, seq: 9 }) as unknown as EventFrame;

beforeEach(() => {
  server = createFakeServer({ [history]: () => json([]) });
  clock = createManualClock(Date.parse('2026-03-01T10:00:00Z'));
  chats = createChatStore();
  talk = createConversations({ client: server.client, clock, chats });
  sentIds = [];
});

/** Answers the next messages and remembers their ids. */
const answerWith = (...replies: (() => Response)[]) => {
  server.answers[send] = ({ body }) => {
    sentIds.push((body as { params: { message: { messageId: string } } }).params.message.messageId);
    return (replies.length > 1 ? replies.shift() : replies[0])?.() ?? json({}, 500);
  };
};

describe('sending', () => {
  it('shows the streamed answer, then the logged one in its place', async () => {
    answerWith(() =>
      sse(
        {
          kind: 'artifact-update',
          append: true,
          artifact: { artifactId: 'a', parts: [{ kind: 'text', text: 'stre' }] },
        },
        {
          kind: 'artifact-update',
          append: true,
          artifact: { artifactId: 'a', parts: [{ kind: 'text', text: 'amed' }] },
        },
        { kind: 'status-update', status: { state: 'completed' }, final: true },
      ),
    );
    talk.send('w1', 'hi');
    await vi.waitFor(() => expect(answers()).toEqual([{ state: 'answered', text: 'streamed', durationMs: null }]));
    server.answers[history] = () => json([row(sentIds[0] ?? '', 'recorded')]);
    talk.hear([logged(), logged()]);
    clock.advance(100);
    await vi.waitFor(() => expect(answers()).toEqual([{ state: 'answered', text: 'recorded', durationMs: 5 }]));
    expect(server.requests.filter((request) => request.startsWith('GET'))).toHaveLength(1);
  });

  it('a queued message waits for the log', async () => {
    answerWith(() => json({ queued: true, message_id: 'x' }, 202));
    talk.send('w1', 'hi');
    await settled('queued');
  });

  it('a 202 of the agent itself is an answer', async () => {
    answerWith(() => json({ result: { kind: 'message', parts: [{ kind: 'text', text: 'soon' }] } }, 202));
    talk.send('w1', 'hi');
    await settled('answered');
  });

  it('a stream that breaks after it began is never sent again by itself', async () => {
    answerWith(() => sse({ kind: 'status-update', status: { state: 'working' } }));
    talk.send('w1', 'hi');
    await settled('queued');
    expect(sentIds).toHaveLength(1);
  });

  it('a refusal keeps the text, says how long to wait, and is repeated under the same id', async () => {
    answerWith(
      () => refusal(503, 'agent_busy', 'workspace agent busy', { 'retry-after': '7' }),
      () => sse({ kind: 'message', parts: [{ text: 'ok' }] }),
    );
    talk.send('w1', 'hi');
    await settled('refused');
    expect(answers()[0]).toMatchObject({
      problem: { retryAfterSeconds: 7, retryable: true, advice: 'Help for agent_busy.' },
    });
    talk.sendAgain('w1', sentIds[0] ?? '', 'hi');
    await settled('answered');
    expect(sentIds[1]).toBe(sentIds[0]);
    expect(exchanges()).toHaveLength(1);
  });

  it('a message the server has recorded already is looked up, not refused', async () => {
    answerWith(() => refusal(409, 'duplicate_message', 'duplicate message'));
    server.answers[history] = () => json([row(sentIds[0] ?? '', 'answered before')]);
    talk.send('w1', 'hi');
    await settled('answered');
    expect(answers()[0]).toMatchObject({ text: 'answered before' });
  });
});

describe('history', () => {
  it('is read once, and again only when the first attempt failed', async () => {
    server.answers[history] = () => refusal(503, 'platform_unavailable', 'down');
    talk.open('w1');
    await vi.waitFor(() => expect(chats.getState().problems.get('w1')?.retryable).toBe(true));
    const page = Array.from({ length: 50 }, (_, index) => row(`m${index}`, 'x'));
    server.answers[history] = () => json(page);
    talk.open('w1');
    await settled('answered');
    talk.open('w1');
    expect(server.requests).toHaveLength(2);
    expect(chats.getState().problems.size).toBe(0);
  });

  it('goes on where the last page ended', async () => {
    const page = Array.from({ length: 50 }, (_, index) => row(`m${index}`, 'x'));
    server.answers[history] = () => json(page);
    talk.open('w1');
    await vi.waitFor(() => expect(chatOf(chats.getState(), 'w1').history).toBe('partial'));
    server.answers[history] = () => json([]);
    talk.readOlder('w1');
    await vi.waitFor(() => expect(chatOf(chats.getState(), 'w1').history).toBe('complete'));
    expect(server.requests.at(-1)).toContain('before_ts=2026-03-01T10%3A00%3A00.000Z');
  });

  it('goes on behind a page that the server cut because it was large', async () => {
    let rows = [row('m2', 'x'), row('m1', 'x')];
    server.answers[history] = () => json(rows);
    talk.open('w1');
    await vi.waitFor(() => expect(chatOf(chats.getState(), 'w1').history).toBe('partial'));
    rows = [];
    talk.readOlder('w1');
    await vi.waitFor(() => expect(chatOf(chats.getState(), 'w1').history).toBe('complete'));
  });

  it('is not read for conversations nobody has opened', () => {
    talk.hear([logged()]);
    clock.advance(1_000);
    expect(server.requests).toEqual([]);
  });
});
