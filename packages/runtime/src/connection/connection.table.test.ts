import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CONNECTION_EVENTS,
  CONNECTION_STATES,
  CONNECTION_TABLE,
  type ConnectionEvent,
  type ConnectionOutcome,
  type ConnectionState,
  decideConnection,
  retryDelayMs,
} from './connection.table.js';

const cells = CONNECTION_STATES.flatMap((state) => CONNECTION_EVENTS.map((event) => [state, event] as const));
const target = (state: ConnectionState, event: ConnectionEvent): ConnectionState => {
  const outcome: ConnectionOutcome = decideConnection(state, event);
  return 'to' in outcome ? outcome.to : state;
};
const effectsOf = (state: ConnectionState, event: ConnectionEvent): readonly string[] => {
  const outcome: ConnectionOutcome = decideConnection(state, event);
  return 'to' in outcome ? outcome.effects : [];
};
const leaving: readonly ConnectionState[] = ['revoked', 'stopping', 'stopped'];

// The whole table, written a second time in the shortest form a reader can check: the state each cell leads to.
const EXPECTED: Record<ConnectionState, Partial<Record<ConnectionEvent, ConnectionState>>> = {
  registering: {
    registered: 'live',
    unauthorized: 'revoked',
    unavailable: 'backing_off',
    rate_limited: 'backing_off',
    contact_lost: 'unreachable',
    stop_requested: 'stopping',
  },
  backing_off: {
    registered: 'live',
    unauthorized: 'revoked',
    retry_due: 'registering',
    contact_lost: 'unreachable',
    stop_requested: 'stopping',
  },
  live: {
    unauthorized: 'revoked',
    unavailable: 'reconnecting',
    rate_limited: 'reconnecting',
    contact_lost: 'unreachable',
    stop_requested: 'stopping',
  },
  reconnecting: {
    registered: 'live',
    beat_accepted: 'live',
    unauthorized: 'revoked',
    contact_lost: 'unreachable',
    stop_requested: 'stopping',
  },
  unreachable: {
    registered: 'live',
    beat_accepted: 'live',
    unauthorized: 'revoked',
    idle: 'stopped',
    stop_requested: 'stopping',
  },
  revoked: {},
  stopping: { idle: 'stopped' },
  stopped: {},
};

describe('the connection table', () => {
  it.each(cells)('%s × %s leads where it should', (state, event) => {
    expect(target(state, event)).toBe(EXPECTED[state][event] ?? state);
  });

  it.each(cells)('%s × %s either moves, or says why it is ignored', (state, event) => {
    const outcome: ConnectionOutcome = CONNECTION_TABLE[state][event];
    if ('ignore' in outcome) expect(outcome.ignore).not.toBe('');
    else expect(CONNECTION_STATES).toContain(outcome.to);
  });

  it('a 401 ends work and exits wherever the connection stands, unless it is leaving already', () => {
    for (const state of CONNECTION_STATES.filter((s) => !leaving.includes(s))) {
      expect(effectsOf(state, 'unauthorized')).toEqual(['abort_turns', 'exit_revoked']);
    }
  });

  it('an unavailable or rate-limiting platform never ends the agent', () => {
    for (const state of CONNECTION_STATES) {
      for (const event of ['unavailable', 'rate_limited'] as const) {
        expect(
          effectsOf(state, event).filter((effect) => effect.startsWith('exit') || effect === 'abort_turns'),
        ).toEqual([]);
      }
    }
  });

  it('contact is lost only after the work in hand is finished', () => {
    for (const [state, event] of cells) {
      if (!effectsOf(state, event).includes('exit_contact_lost')) continue;
      expect([state, event]).toEqual(['unreachable', 'idle']);
    }
    expect(effectsOf('live', 'contact_lost')).toContain('finish_turns');
  });

  it('nothing leads back from leaving', () => {
    for (const state of leaving) for (const event of CONNECTION_EVENTS) expect(leaving).toContain(target(state, event));
  });

  it('whatever happens, a state that waits for the platform has a retry or a call under way', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...CONNECTION_EVENTS), { maxLength: 40 }), (events) => {
        let state: ConnectionState = 'registering';
        let pending: 'call' | 'retry' = 'call';
        for (const event of events) {
          // Occurrences that cannot be without their cause: an answer needs a call, a due retry needs a wait.
          if (event === 'retry_due' && pending !== 'retry') continue;
          if (['registered', 'beat_accepted', 'unavailable', 'rate_limited'].includes(event) && pending !== 'call')
            continue;
          const effects = effectsOf(state, event);
          state = target(state, event);
          if (effects.includes('schedule_retry')) pending = 'retry';
          else if (effects.includes('register') || effects.includes('beat') || state === 'live') pending = 'call';
          if (state === 'backing_off') expect(pending).toBe('retry');
          if (state === 'registering') expect(pending).toBe('call');
        }
      }),
    );
  });

  it('waits grow to half a minute and never drop below half a second', () => {
    expect(retryDelayMs(0, 0)).toBe(500);
    expect(retryDelayMs(0, 1)).toBe(1_000);
    expect(retryDelayMs(3, 0)).toBe(4_000);
    expect(retryDelayMs(50, 1)).toBe(30_000);
  });
});
