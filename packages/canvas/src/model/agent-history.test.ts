import { expect, it } from 'vitest';
import { statusSince } from './agent-history.js';

const row = (event_type: string, minute: number) => ({
  event_type,
  created_at: `2026-03-01T10:${String(minute).padStart(2, '0')}:00.000Z`,
});

it('a status began with the first of the events that repeat it', () => {
  const events = [row('WORKSPACE_DEGRADED', 5), row('WORKSPACE_DEGRADED', 4), row('WORKSPACE_ONLINE', 3)];
  expect(statusSince('degraded', events)).toBe('2026-03-01T10:04:00.000Z');
  expect(statusSince('online', events)).toBeNull();
  expect(statusSince('degraded', [row('ACTIVITY_LOGGED', 6), ...events])).toBe('2026-03-01T10:04:00.000Z');
});
