import type { Activity } from '@molecule/contract';
import { expect, it } from 'vitest';
import { kindOf, outcomeOf, textOfRow, withoutRepeatedResults } from './activity-words.js';

it('an activity type of a newer server is still readable', () => {
  expect(kindOf({ activity_type: 'budget_alert', method: null })).toBe('budget alert');
});

it('a push of the agent is told apart from a message to it', () => {
  expect(kindOf({ activity_type: 'a2a_receive', method: 'notify' })).not.toBe(
    kindOf({ activity_type: 'a2a_receive', method: 'message/send' }),
  );
});

it('a status nobody knows is neither good nor bad', () => {
  expect(['ok', 'stuck', 'queued', 'surprise'].map(outcomeOf)).toEqual(['good', 'bad', 'open', 'open']);
});

const row = (change: Partial<Activity>): Activity => ({
  id: 'r',
  workspace_id: 'lead',
  activity_type: 'delegation',
  source_id: 'lead',
  target_id: 'writer',
  method: 'delegate',
  summary: 'Delegating to Writer',
  duration_ms: null,
  status: 'ok',
  error_detail: null,
  created_at: '2026-03-01T10:00:00.000Z',
  seq: 1,
  message_id: null,
  ...change,
});
const result = (id: string, delegation_id: string) =>
  row({ id, method: 'delegate_result', response_body: { text: 'the sea is wide', delegation_id } });
const brought = (id: string, delegation_id: string) => ({
  ...result(id, delegation_id),
  activity_type: 'a2a_receive',
});

it('a delegation tells its task, and a result what came of it', () => {
  expect(textOfRow(row({ request_body: { task: 'Write about the sea', delegation_id: 'd' } }))).toBe(
    'Write about the sea',
  );
  expect(textOfRow(result('r', 'd'))).toBe('the sea is wide');
  expect(textOfRow(row({}))).toBe('Delegating to Writer');
});

it('a result is told once, and one that stands alone is told', () => {
  const rows = [brought('b1', 'd1'), result('r1', 'd1'), brought('late', 'd2'), row({ id: 'task' })];
  expect(withoutRepeatedResults(rows).map(({ id }) => id)).toEqual(['r1', 'late', 'task']);
});
