import { expect, it } from 'vitest';
import { assignmentOf, statusSince } from './agent-history.js';

const row = (event_type: string, minute: number, payload: unknown = {}) => ({
  event_type,
  payload,
  created_at: `2026-03-01T10:${String(minute).padStart(2, '0')}:00.000Z`,
});

it('the newest word on who works here holds', () => {
  const assigned = row('AGENT_ASSIGNED', 1, { model: 'small' });
  const replaced = row('AGENT_REPLACED', 2, { model: 'big', old_model: 'small' });
  expect(assignmentOf([])).toEqual({ state: 'unknown' });
  expect(assignmentOf([row('WORKSPACE_ONLINE', 3), replaced, assigned])).toMatchObject({ model: 'big' });
  expect(assignmentOf([row('AGENT_REMOVED', 3), replaced])).toEqual({ state: 'none' });
});

it('a move is an end where it left and a start where it arrived', () => {
  expect(assignmentOf([row('AGENT_MOVED', 1, { model: 'm', target_workspace_id: 'b' })])).toEqual({ state: 'none' });
  expect(assignmentOf([row('AGENT_MOVED', 1, { model: 'm', source_workspace_id: 'a' })])).toMatchObject({
    state: 'assigned',
    model: 'm',
  });
});

it('a status began with the first of the events that repeat it', () => {
  const events = [row('WORKSPACE_DEGRADED', 5), row('WORKSPACE_DEGRADED', 4), row('WORKSPACE_ONLINE', 3)];
  expect(statusSince('degraded', events)).toBe('2026-03-01T10:04:00.000Z');
  expect(statusSince('online', events)).toBeNull();
  expect(statusSince('degraded', [row('ACTIVITY_LOGGED', 6), ...events])).toBe('2026-03-01T10:04:00.000Z');
});
