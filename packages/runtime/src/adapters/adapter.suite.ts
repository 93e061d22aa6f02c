import { describe, expect, it } from 'vitest';
import type { Adapter, AdapterContext, AdapterEvent, DelegationOutcome, Peer, Turn } from './adapter.js';

/** What the suite needs to hold an adapter to the port. */
export interface AdapterSubject {
  /** A fresh adapter that answers the text `Say something` from its own means, without an error. */
  create(): Promise<Adapter> | Adapter;
  /** A message id that makes the adapter work until it is aborted; absent when it has no such work. */
  readonly endlessMessage?: { readonly messageId: string; readonly text: string };
}

export type AdapterClause = { readonly name: string; readonly prove: (subject: AdapterSubject) => Promise<void> };

/** The clauses as data, so that a test can show that a broken adapter fails the one it breaks. */
export const ADAPTER_CLAUSES: readonly AdapterClause[] = [
  {
    name: 'names itself and says whether it is a demo',
    async prove(subject) {
      const adapter = await subject.create();
      expect(adapter.name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(typeof adapter.demo).toBe('boolean');
      if (adapter.demo) expect(adapter.model).toBeNull();
    },
  },
  {
    name: 'ends a turn with exactly one end, and nothing after it',
    async prove(subject) {
      const events = await runToEnd(await subject.create(), createTurn());
      const ends = events.filter(isEnd);
      expect(ends).toHaveLength(1);
      expect(events.at(-1)).toBe(ends[0]);
    },
  },
  {
    name: 'answers with some text',
    async prove(subject) {
      const events = await runToEnd(await subject.create(), createTurn());
      expect(finalText(events).trim()).not.toBe('');
    },
  },
  {
    name: 'streams what it finally says',
    async prove(subject) {
      const events = await runToEnd(await subject.create(), createTurn());
      const streamed = events.map((event) => (event.type === 'text_delta' ? event.text : '')).join('');
      if (streamed !== '') expect(finalText(events).endsWith(streamed.slice(-1))).toBe(true);
      for (const event of events) if (event.type === 'text_delta') expect(event.text).not.toBe('');
    },
  },
  {
    name: 'closes every tool call it opens, once',
    async prove(subject) {
      const events = await runToEnd(await subject.create(), createTurn(), [
        createPeer('child-1'),
        createPeer('child-2'),
      ]);
      const open = new Set<string>();
      for (const event of events) {
        if (event.type !== 'tool') continue;
        if (event.phase === 'started') {
          expect(open.has(event.id)).toBe(false);
          open.add(event.id);
        } else expect(open.delete(event.id)).toBe(true);
      }
      expect([...open]).toEqual([]);
    },
  },
  {
    name: 'survives a child that fails',
    async prove(subject) {
      const failing: DelegationOutcome = { state: 'failed', reason: 'out of paper', delegationId: 'd' };
      const events = await runToEnd(await subject.create(), createTurn(), [createPeer('child-1')], failing);
      expect(events.filter(isEnd)).toHaveLength(1);
    },
  },
  {
    name: 'keeps two turns at once apart',
    async prove(subject) {
      const adapter = await subject.create();
      const runs = await Promise.all([
        runToEnd(adapter, createTurn({ messageId: 'a' })),
        runToEnd(adapter, createTurn({ messageId: 'b' })),
      ]);
      for (const events of runs) expect(events.filter(isEnd)).toHaveLength(1);
    },
  },
  {
    name: 'stops promptly when it is aborted',
    async prove(subject) {
      if (!subject.endlessMessage) return;
      const adapter = await subject.create();
      const controller = new AbortController();
      const context = createContext([], undefined, controller.signal);
      const consumed = (async () => {
        for await (const event of adapter.run(createTurn(subject.endlessMessage), context)) void event;
      })();
      const ended = consumed.then(
        () => 'ended',
        () => 'ended',
      );
      // A turn of the event loop: the work has begun.
      await new Promise<void>((resolve) => setImmediate(resolve));
      controller.abort(new Error('stop'));
      const late = new Promise<string>((resolve) => setTimeout(() => resolve('still running'), 2_000));
      expect(await Promise.race([ended, late])).toBe('ended');
    },
  },
];

export function describeAdapter(name: string, subject: AdapterSubject): void {
  describe(`the ${name} adapter keeps the port: it`, () => {
    it.each(ADAPTER_CLAUSES.map((clause) => [clause.name, clause] as const))('%s', (_, clause) => {
      expect.hasAssertions();
      return subject.endlessMessage || clause.name !== 'stops promptly when it is aborted'
        ? clause.prove(subject)
        : expect(subject.endlessMessage).toBeUndefined();
    });
  });
}

export function createTurn(overrides: Partial<Turn> = {}): Turn {
  return {
    messageId: 'm1',
    taskId: 't1',
    contextId: 'c1',
    text: 'Say something',
    metadata: {},
    sender: { kind: 'user' },
    history: [],
    ...overrides,
  };
}

export function createPeer(id: string, overrides: Partial<Peer> = {}): Peer {
  return { id, name: id, role: null, status: 'online', relation: 'child', ...overrides };
}

export function createContext(
  peers: readonly Peer[],
  outcome: DelegationOutcome = { state: 'completed', text: 'done', delegationId: 'd' },
  signal: AbortSignal = new AbortController().signal,
): AdapterContext {
  return {
    signal,
    self: { id: 'self', name: 'Lead', role: null },
    systemPrompt: 'You lead a team.',
    platform: { peers: async () => peers, delegate: async () => outcome },
  };
}

export async function runToEnd(
  adapter: Adapter,
  turn: Turn,
  peers: readonly Peer[] = [],
  outcome?: DelegationOutcome,
): Promise<readonly AdapterEvent[]> {
  const events: AdapterEvent[] = [];
  for await (const event of adapter.run(turn, createContext(peers, outcome))) events.push(event);
  return events;
}

export function finalText(events: readonly AdapterEvent[]): string {
  const end = events.find(isEnd);
  return end && 'text' in end ? end.text : '';
}

function isEnd(event: AdapterEvent): boolean {
  return event.type === 'done' || event.type === 'input_required' || event.type === 'rejected';
}
