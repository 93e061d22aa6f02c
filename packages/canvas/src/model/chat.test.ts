import type { Activity } from '@molecule/contract';
import { describe, expect, it } from 'vitest';
import { type Chat, type ChatAction, chatReducer, type Exchange, emptyChat } from './chat.js';

const at = '2026-03-01T10:00:00.000Z';
const sent: ChatAction = { type: 'sent', messageId: 'm1', text: 'hello', at };

const row = (change: Partial<Activity> = {}): Activity => ({
  id: 'a1',
  workspace_id: 'w1',
  activity_type: 'a2a_receive',
  source_id: null,
  target_id: 'w1',
  method: 'message/stream',
  summary: null,
  duration_ms: 40,
  status: 'ok',
  error_detail: null,
  created_at: at,
  request_body: { params: { message: { messageId: 'm1', parts: [{ kind: 'text', text: 'hello' }] } } },
  response_body: { result: { kind: 'message', parts: [{ kind: 'text', text: 'final' }] } },
  seq: 1,
  message_id: 'm1',
  ...change,
});

const delta = (text: string): ChatAction => ({
  type: 'heard',
  messageId: 'm1',
  frame: {
    result: { kind: 'artifact-update', append: true, artifact: { artifactId: 'x', parts: [{ kind: 'text', text }] } },
  },
});
const completed: ChatAction = {
  type: 'heard',
  messageId: 'm1',
  frame: { result: { kind: 'status-update', status: { state: 'completed' }, final: true } },
};
const run = (...actions: ChatAction[]): Chat => actions.reduce(chatReducer, emptyChat);
const only = (chat: Chat): Exchange => {
  expect(chat.entries).toHaveLength(1);
  const entry = chat.entries[0];
  if (entry?.kind !== 'exchange') throw new Error('expected one exchange');
  return entry;
};

describe('one message', () => {
  it('streams its answer word by word', () => {
    expect(only(run(sent, delta('one '), delta('two'))).answer).toEqual({
      state: 'working',
      text: 'one two',
      note: null,
    });
  });

  it('is shown once, whichever of stream and log comes first', () => {
    const logged: ChatAction = { type: 'logged', rows: [row()] };
    for (const order of [
      [sent, delta('par'), completed, logged],
      [sent, logged, delta('par'), completed],
      [sent, delta('par'), logged, logged, completed],
    ]) {
      expect(only(run(...order)).answer).toEqual({ state: 'answered', text: 'final', durationMs: 40 });
    }
  });

  it('keeps its running stream when the log knows the question but not yet the answer', () => {
    const open = row();
    delete open.response_body;
    expect(only(run(sent, delta('so far'), { type: 'logged', rows: [open] })).answer).toMatchObject({ text: 'so far' });
  });

  it('waits for the log when its stream breaks off', () => {
    expect(only(run(sent, delta('par'), { type: 'hungUp', messageId: 'm1' })).answer.state).toBe('queued');
  });

  it('shows the reason the log gives for a failure', () => {
    const failed = row({ status: 'error', error_detail: 'interrupted' });
    delete failed.response_body;
    expect(only(run(sent, { type: 'logged', rows: [failed] })).answer).toEqual({
      state: 'failed',
      reason: 'interrupted',
    });
  });

  it('can be taken back after a refusal', () => {
    const problem = { title: '', advice: '', code: null, retryable: true, retryAfterSeconds: 3 };
    const refused: ChatAction = { type: 'refused', messageId: 'm1', problem, atMs: 0 };
    expect(only(run(sent, refused)).answer.state).toBe('refused');
    expect(run(sent, refused, { type: 'dropped', messageId: 'm1' }).entries).toEqual([]);
  });
});

describe('history', () => {
  const push = row({
    id: 'p1',
    message_id: null,
    method: 'notify',
    created_at: '2026-03-01T10:05:00.000Z',
    response_body: { result: 'by the way' },
  });

  it('is ordered by time although the log answers newest first', () => {
    const chat = run({ type: 'logged', rows: [push, row()], page: { complete: true } });
    expect(chat.entries.map((entry) => entry.id)).toEqual(['m1', 'p1']);
    expect(chat.history).toBe('complete');
  });

  it('puts older pages above what is shown and remembers where to go on', () => {
    const older = row({ id: 'a0', message_id: 'm0', created_at: '2026-02-01T10:00:00.000Z' });
    const chat = run(
      { type: 'logged', rows: [row()], page: { complete: false } },
      { type: 'logged', rows: [older], page: { complete: false } },
    );
    expect(chat.entries.map((entry) => entry.id)).toEqual(['m0', 'm1']);
    expect(chat.oldestAt).toBe('2026-02-01T10:00:00.000Z');
  });

  it('leaves out what other agents sent', () => {
    expect(run({ type: 'logged', rows: [row({ source_id: 'w2' })] }).entries).toEqual([]);
  });
});
