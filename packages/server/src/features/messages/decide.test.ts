import { DELEGATION_STATES } from '@molecule/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ForwardOutcome } from '../../proxy/forward.js';
import { decideDelivery, decideKnowledge, FAILURES_MAX, type Situation } from './decide.js';
import { hasEnded, toDelegationState } from './delegation-state.js';
import type { MessageState } from './messages.tables.js';
import { canBeAsked, reach } from './reachability.js';
import { nextStep, REASONS } from './reasons.js';

const situation = fc.record({
  failures: fc.nat(6),
  askable: fc.boolean(),
  managed: fc.boolean(),
  attended: fc.boolean(),
  answerable: fc.boolean(),
});
const base: Situation = { failures: 0, askable: true, managed: true, attended: false, answerable: true };
const broken: ForwardOutcome = { kind: 'broken', status: null, detail: 'reset' };

describe('what becomes of a message', () => {
  it('is never sent again when the agent may have it', () => {
    const doubtful = fc.constantFrom<ForwardOutcome>(
      broken,
      { kind: 'broken', status: 200, detail: 'reset' },
      { kind: 'streamed', status: 200, verdict: null },
      { kind: 'silent' },
      { kind: 'too_large', status: 200 },
      { kind: 'deadline' },
    );
    fc.assert(
      fc.property(doubtful, situation, (outcome, given) => {
        expect(decideDelivery(outcome, given).kind).not.toBe('retry');
      }),
    );
  });

  it('is asked about where the agent keeps a record, and interrupted where it does not', () => {
    expect(decideDelivery(broken, base)).toMatchObject({ kind: 'ask' });
    expect(decideDelivery(broken, { ...base, askable: false })).toMatchObject({
      kind: 'end',
      ending: { state: 'failed', reason: 'interrupted' },
    });
  });

  it('is sent again a bounded number of times, and being busy does not count', () => {
    const unreachable: ForwardOutcome = { kind: 'not_sent', detail: 'refused' };
    let failures = 0;
    let deliveries = 1;
    for (;;) {
      const decision = decideDelivery(unreachable, { ...base, failures });
      if (decision.kind !== 'retry') break;
      failures += 1;
      deliveries += 1;
    }
    expect(deliveries).toBe(FAILURES_MAX);
    const busy: ForwardOutcome = {
      kind: 'answered',
      status: 503,
      body: Buffer.from(''),
      verdict: { kind: 'busy', retryAfterSeconds: 9_999 },
    };
    expect(decideDelivery(busy, { ...base, failures: 100 })).toMatchObject({
      kind: 'retry',
      failed: false,
      delayMs: 60_000,
    });
  });

  it('B-41: only "unknown" allows a second delivery after a crash', () => {
    expect(decideKnowledge({ kind: 'unknown' }, base).kind).toBe('retry');
    expect(decideKnowledge({ kind: 'working' }, base).kind).toBe('ask');
    expect(decideKnowledge({ kind: 'cannot_tell', detail: 'x' }, base)).toMatchObject({
      ending: { reason: 'interrupted' },
    });
    expect(decideKnowledge({ kind: 'unreachable', detail: 'x' }, base).kind).toBe('ask');
    expect(decideKnowledge({ kind: 'unreachable', detail: 'x' }, { ...base, managed: false })).toMatchObject({
      ending: { reason: 'interrupted' },
    });
  });

  it('every reason has a next step', () => {
    for (const reason of Object.keys(REASONS)) expect(nextStep(reason)).toMatch(/^[A-Z].+\.$/);
    expect(nextStep('from_another_release')).toBeNull();
  });
});

describe('delegation states on the wire', () => {
  type Row = { state: MessageState; dispatchedAt: Date | null; lastHeartbeat: Date | null };
  const now = new Date(0);
  /** Everything the ledger does to a row that has not ended. */
  const STEPS: Record<string, (row: Row) => Row> = {
    claim: (row) => (row.state === 'queued' ? { ...row, state: 'working', dispatchedAt: now } : row),
    requeue: (row) => (row.state === 'working' ? { ...row, state: 'queued' } : row),
    beat: (row) => (row.dispatchedAt && row.state !== 'queued' ? { ...row, lastHeartbeat: now } : row),
    ask: (row) => (row.state === 'working' ? { ...row, state: 'input_required', lastHeartbeat: now } : row),
    complete: (row) => ({ ...row, state: 'completed' }),
    fail: (row) => ({ ...row, state: 'failed' }),
    cancel: (row) => ({ ...row, state: 'canceled' }),
    stick: (row) => ({ ...row, state: 'stuck' }),
  };
  const step = fc.constantFrom(...Object.keys(STEPS));

  it('B-62: only move forward, and never leave an end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let row: Row = { state: 'queued', dispatchedAt: null, lastHeartbeat: null };
        let shown = toDelegationState(row);
        for (const name of steps) {
          const ended = hasEnded(row.state);
          // The store's guard: ended rows match no update.
          row = ended ? row : (STEPS[name]?.(row) ?? row);
          const next = toDelegationState(row);
          expect(DELEGATION_STATES.indexOf(next)).toBeGreaterThanOrEqual(DELEGATION_STATES.indexOf(shown));
          if (ended) expect(next).toBe(shown);
          shown = next;
        }
      }),
    );
  });
});

describe('B-48: reaching a workspace', () => {
  const target = { status: 'online', url: null, urlFrom: 'none', deliveryMode: null, backend: 'external' } as const;

  it.each([
    [null, { kind: 'poll' }],
    ['poll', { kind: 'poll' }],
    ['push', { kind: 'refused', why: 'no_url' }],
  ] as const)('without a URL and with mode %s', (deliveryMode, expected) => {
    expect(reach({ ...target, deliveryMode })).toEqual(expected);
  });

  it('a paused or removed one takes nothing, polling or not', () => {
    expect(reach({ ...target, status: 'paused' })).toEqual({ kind: 'refused', why: 'paused' });
    expect(reach({ ...target, status: 'removed', deliveryMode: 'poll' })).toEqual({ kind: 'refused', why: 'removed' });
  });

  it('trusts an address only when a driver set it', () => {
    const url = 'http://127.0.0.1:1/';
    expect(reach({ ...target, url, urlFrom: 'driver', backend: 'process' })).toMatchObject({
      kind: 'push',
      trusted: true,
    });
    expect(reach({ ...target, url, urlFrom: 'agent' })).toMatchObject({ kind: 'push', trusted: false });
  });

  it('asks only agents that keep a record by message id', () => {
    expect(canBeAsked({ urlFrom: 'driver', agentCard: null })).toBe(true);
    expect(canBeAsked({ urlFrom: 'agent', agentCard: { adapter: 'llm' } })).toBe(true);
    expect(canBeAsked({ urlFrom: 'agent', agentCard: { name: 'x' } })).toBe(false);
  });
});
