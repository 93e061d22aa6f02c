import type { Activity } from '@molecule/contract';
import { expect, it } from 'vitest';
import { buildRow } from '../testing/played-log.js';
import { conversationsOf, exchangesOf } from './peer-exchange.js';

/** The rows of one delegation of the lead to the writer, as the server writes them into the two logs. */
const task = (change: Partial<Activity> = {}, at = 1) =>
  buildRow(at, {
    id: `task-${at}`,
    activity_type: 'delegation',
    method: 'delegate',
    source_id: 'lead',
    target_id: 'writer',
    message_id: 'm',
    status: 'pending',
    request_body: { task: 'Write about', delegation_id: 'd' },
    ...change,
  });
const received = (change: Partial<Activity> = {}, at = 2) =>
  buildRow(at, {
    id: `received-${at}`,
    workspace_id: 'writer',
    activity_type: 'a2a_receive',
    method: 'message/send',
    source_id: 'lead',
    target_id: 'writer',
    message_id: 'm',
    request_body: { params: { message: { parts: [{ type: 'text', text: 'Write about the sea' }] } } },
    ...change,
  });
const result = (change: Partial<Activity> = {}, at = 3) =>
  buildRow(at, {
    id: `result-${at}`,
    activity_type: 'delegation',
    method: 'delegate_result',
    source_id: 'lead',
    target_id: 'writer',
    message_id: 'm',
    status: 'completed',
    response_body: { text: 'The sea is wide', delegation_id: 'd' },
    ...change,
  });
const brought = (change: Partial<Activity> = {}, at = 4) =>
  result({ id: `brought-${at}`, activity_type: 'a2a_receive', source_id: 'writer', target_id: 'lead', ...change }, at);

it('a question and its answer are one exchange, whichever rows of the two logs are there', () => {
  const rows = [task({ status: 'completed' }), received({ response_body: { result: 'The sea' } }), result(), brought()];
  for (const order of [rows, rows.toReversed()]) {
    expect(exchangesOf(order)).toMatchObject([
      {
        fromId: 'lead',
        toId: 'writer',
        at: rows[0]?.created_at,
        question: 'Write about the sea',
        answer: 'The sea is wide',
        state: 'answered',
        error: null,
        late: false,
        delegationId: 'd',
      },
    ]);
  }
  expect(exchangesOf([brought({ status: 'ok' })])).toMatchObject([{ fromId: 'lead', answer: 'The sea is wide' }]);
});

it('work that has not ended is queued until it has left, and then under way', () => {
  expect(exchangesOf([task(), received()])).toMatchObject([{ state: 'queued', answeredAt: null }]);
  expect(exchangesOf([task({ status: 'dispatched' }), received()])).toMatchObject([{ state: 'working' }]);
});

it('a failure keeps its reason, and a late answer does not undo it', () => {
  const failed = [
    task({ status: 'failed', error_detail: 'out of time' }),
    received({ status: 'error', error_detail: 'out of time' }),
    result({ status: 'failed', error_detail: 'out of time', response_body: { text: '', delegation_id: 'd' } }),
  ];
  expect(exchangesOf(failed)).toMatchObject([{ state: 'failed', error: 'out of time', late: false }]);
  const late = brought({ response_body: { text: 'The sea is wide', delegation_id: 'd', late: true } }, 9);
  expect(exchangesOf([...failed, late])).toMatchObject([{ state: 'failed', late: true, answer: 'The sea is wide' }]);
});

it('parts count by kind and by type, and people and self reports are no peers', () => {
  const parts = [{ kind: 'text', text: 'one' }, { type: 'text', text: 'two' }, { kind: 'file' }];
  const asked = received({ request_body: { params: { message: { parts } } } });
  expect(exchangesOf([asked])[0]?.question).toBe('one\ntwo');
  expect(exchangesOf([received({ source_id: null }), received({ source_id: 'writer' }), buildRow(1)])).toEqual([]);
});

it('two senders may choose the same message id', () => {
  expect(exchangesOf([received(), received({ id: 'x', source_id: 'researcher' })])).toHaveLength(2);
});

it('conversations tell who asked how often, what is open and failed, the newest word first', () => {
  const toWriter = exchangesOf([
    task({ status: 'failed' }, 1),
    task({ message_id: 'm2' }, 20),
    received({ message_id: 'm3', source_id: 'writer', target_id: 'lead', response_body: { result: 'yes' } }, 5),
    received({ message_id: 'm4', source_id: 'researcher', target_id: 'lead', response_body: { result: 'no' } }, 30),
  ]);
  expect(conversationsOf(toWriter, 'lead')).toMatchObject([
    { peerId: 'researcher', asked: 0, wasAsked: 1, open: 0, failed: 0, latest: { answer: 'no' } },
    { peerId: 'writer', asked: 2, wasAsked: 1, open: 1, failed: 1, latest: { question: 'Write about' } },
  ]);
});

it('an early question answered just now is the newest word', () => {
  const exchanges = exchangesOf([task({}, 1), task({ message_id: 'm2', target_id: 'researcher' }, 5), result({}, 9)]);
  expect(conversationsOf(exchanges, 'lead').map(({ peerId }) => peerId)).toEqual(['writer', 'researcher']);
});
