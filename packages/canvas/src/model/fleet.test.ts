import { EVENT_TYPES, type EventFrame } from '@molecule/contract';
import { describe, expect, it } from 'vitest';
import { buildWorkspace } from './builders.js';
import { emptyFleet, FLIGHT_LINGER_MS, type Fleet, withFrames, withoutEndedFlights, withSnapshot } from './fleet.js';

const lead = buildWorkspace({ id: 'lead', name: 'Lead' });
const writer = buildWorkspace({ id: 'writer', parent_id: 'lead' });
const fleet = withSnapshot(emptyFleet, [lead, writer]);

/** Frames as the socket delivers them: JSON that nobody has checked. */
const frame = (event: string, payload: unknown, id = 'lead'): EventFrame =>
  ({ event, workspace_id: id, timestamp: '2026-03-01T11:00:00.000Z', payload, seq: 1 }) as EventFrame;
const after = (...frames: EventFrame[]): Fleet => withFrames(fleet, frames, 1_000);

describe('events', () => {
  it.each([
    ['WORKSPACE_PROVISIONING', { name: 'Lead', tier: 2, runtime: 'echo' }, 'provisioning'],
    ['WORKSPACE_ONLINE', {}, 'online'],
    ['WORKSPACE_AWAITING_AGENT', { name: 'Lead', external: true }, 'awaiting_agent'],
    ['WORKSPACE_OFFLINE', {}, 'offline'],
    ['WORKSPACE_DEGRADED', { sample_error: 'slow' }, 'degraded'],
    ['WORKSPACE_PAUSED', { name: 'Lead' }, 'paused'],
    ['WORKSPACE_UPDATED', { changes: { status: 'hibernating' } }, 'hibernating'],
    ['WORKSPACE_HIBERNATED', { name: 'Lead', tier: 2 }, 'hibernated'],
    ['WORKSPACE_PROVISION_FAILED', { error: 'boom' }, 'failed'],
  ])('%s moves the card', (event, payload, status) => {
    expect(after(frame(event, payload)).agents.get('lead')?.status).toBe(status);
  });

  it('an event changes only the card it is about', () => {
    expect(after(frame('TASK_UPDATED', { current_task: 'x', active_tasks: 1 })).agents.get('writer')).toBe(writer);
  });

  it('an event that changes nothing leaves the very same fleet', () => {
    expect(after(frame('WORKSPACE_ONLINE', {}))).toBe(fleet);
  });

  it.each(['WORKSPACE_PAUSED', 'WORKSPACE_HIBERNATED'])('%s ends what the agent complained about', (event) => {
    const failed = frame('WORKSPACE_PROVISION_FAILED', { error: 'boom', reason: 'crash_loop' });
    const held = after(failed, frame(event, { name: 'Lead', tier: 2 }));
    expect(held.agents.get('lead')?.last_sample_error).toBe('');
    expect(held.failures.size).toBe(0);
  });

  it('a failure keeps its reason and the end of the log until the agent starts again', () => {
    const failed = after(
      frame('WORKSPACE_PROVISION_FAILED', { error: 'boom', reason: 'crash_loop', log_tail: 'last' }),
    );
    expect(failed.agents.get('lead')?.last_sample_error).toBe('boom');
    expect(failed.failures.get('lead')).toEqual({ reason: 'crash_loop', missing: [], logTail: 'last' });
    const again = withFrames(failed, [frame('WORKSPACE_PROVISIONING', { name: 'Lead', tier: 2, runtime: 'echo' })], 0);
    expect(again.failures.size).toBe(0);
    expect(again.agents.get('lead')?.last_sample_error).toBe('');
  });

  it('an unknown agent appears at once and asks for a snapshot', () => {
    const grown = after(
      frame('WORKSPACE_PROVISIONING', { name: 'New', tier: 1, runtime: 'llm', parent_id: 'lead' }, 'new'),
    );
    expect(grown.agents.get('new')).toMatchObject({ name: 'New', parent_id: 'lead', status: 'provisioning' });
    expect([...grown.incomplete]).toEqual(['new']);
    expect(withSnapshot(grown, [lead]).incomplete.size).toBe(0);
  });

  it('online may arrive before provisioning', () => {
    const fresh = withFrames(emptyFleet, [frame('WORKSPACE_ONLINE', { url: 'u' }, 'early')], 0);
    expect(fresh.agents.get('early')?.status).toBe('online');
  });

  it('a removed agent goes, and nothing but creation brings it back', () => {
    const gone = after(frame('WORKSPACE_REMOVED', {}), frame('WORKSPACE_OFFLINE', {}), frame('TASK_UPDATED', {}));
    expect(gone.agents.has('lead')).toBe(false);
  });

  it('takes over changed fields that have the right type and refuses the rest', () => {
    const changes = { name: 'Boss', role: null, parent_id: 'writer', tier: 'high', id: 'other', surprise: 1 };
    const changed = after(frame('WORKSPACE_UPDATED', { changes })).agents.get('lead');
    expect(changed).toEqual({ ...lead, name: 'Boss', parent_id: 'writer' });
  });

  it('a field that has no value yet takes the first one it gets', () => {
    const changes = { hibernation_idle_minutes: 30, workspace_dir: '/srv/work', role: 'Leads' };
    expect(after(frame('WORKSPACE_UPDATED', { changes })).agents.get('lead')).toMatchObject(changes);
  });

  it('what a start is doing is shown while it starts, and a new start begins without', () => {
    const told = after(
      frame('WORKSPACE_PROVISIONING', { name: 'Lead', tier: 3, runtime: 'codex' }),
      frame('WORKSPACE_UPDATED', { changes: { start_progress: 'Installing codex…' } }),
    );
    expect(told.agents.get('lead')?.start_progress).toBe('Installing codex…');
    const again = frame('WORKSPACE_PROVISIONING', { name: 'Lead', tier: 3, runtime: 'echo' });
    expect(withFrames(told, [again], 0).agents.get('lead')?.start_progress).toBe('');
  });

  it('a card tells whether its answers are a demonstration', () => {
    expect(after(frame('AGENT_CARD_UPDATED', { agent_card: { demo: true } })).agents.get('lead')?.demo).toBe(true);
  });

  it('a heartbeat brings the error of an agent and takes it away again', () => {
    const beat = (sample_error: string) =>
      frame('WORKSPACE_HEARTBEAT', { active_tasks: 0, uptime_seconds: 9, sample_error });
    const failing = after(beat('no credit'));
    expect(failing.agents.get('lead')?.last_sample_error).toBe('no credit');
    expect(withFrames(failing, [beat('')], 0).agents.get('lead')?.last_sample_error).toBe('');
  });

  it('a late heartbeat does not cover why an agent failed', () => {
    const failed = after(frame('WORKSPACE_PROVISION_FAILED', { error: 'boom' }));
    const late = frame('WORKSPACE_HEARTBEAT', { active_tasks: 0, uptime_seconds: 9, sample_error: '' });
    expect(withFrames(failed, [late], 0).agents.get('lead')?.last_sample_error).toBe('boom');
  });

  it('a changed model and demo flag reach the card', () => {
    const changes = { demo: true, model: null };
    const [before] = [after(frame('WORKSPACE_UPDATED', { changes: { demo: false, model: 'anthropic:x' } }))];
    expect(before.agents.get('lead')).toMatchObject({ demo: false, model: 'anthropic:x' });
    expect(withFrames(before, [frame('WORKSPACE_UPDATED', { changes })], 0).agents.get('lead')).toMatchObject(changes);
  });

  it('an event type of a newer server is ignored', () => {
    expect(after(frame('WORKSPACE_TELEPORTED', { to: 'mars' }))).toBe(fleet);
  });

  it('every event type of the contract is handled without a crash on an unknown agent', () => {
    for (const type of EVENT_TYPES) {
      const payload = { name: 'n', tier: 1, runtime: 'r', changes: {}, error: 'e', delegation_id: 'd', target_id: 't' };
      expect(() => withFrames(fleet, [frame(type, payload, 'nobody')], 0)).not.toThrow();
    }
  });
});

describe('delegations', () => {
  const sent = frame('DELEGATION_SENT', { delegation_id: 'd', target_id: 'writer', task_preview: 't' });
  const done = frame('DELEGATION_COMPLETE', { delegation_id: 'd', target_id: 'writer', response_preview: 'r' });

  it('are in flight from the first sign until the end, and replays change nothing', () => {
    expect(after(sent, sent).flights.get('d')).toMatchObject({ sourceId: 'lead', targetId: 'writer', outcome: 'open' });
    expect(after(sent, done, sent).flights.get('d')?.outcome).toBe('completed');
  });

  it('linger after the end, then are forgotten', () => {
    const ended = after(sent, done);
    expect(withoutEndedFlights(ended, 1_000 + FLIGHT_LINGER_MS - 1)).toBe(ended);
    expect(withoutEndedFlights(ended, 1_000 + FLIGHT_LINGER_MS).flights.size).toBe(0);
  });
});

it('a snapshot that brings no news keeps every agent as it is', () => {
  const again = withSnapshot(fleet, [
    { ...lead, agent_card: null },
    { ...writer, name: 'Renamed' },
  ]);
  expect(again.agents.get('lead')).toBe(lead);
  expect(again.agents.get('writer')?.name).toBe('Renamed');
});
