import type { Adapter, AdapterContext, AdapterEvent, DelegationOutcome, Peer, Turn } from '../adapter.js';
import { findBehaviour } from './conformance.js';
import { firstCharacters, onOneLine, toWords } from './words.js';

export interface EchoOptions {
  /** Honour the prefixes of the conformance kit. */
  readonly conformance: boolean;
  /** Why no model answers, a sentence; null means that no key is configured (the wording of design §10). */
  readonly reason?: string | null;
  /** The only use of time, for one conformance behaviour; a demo answer waits for nothing but its children. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

const CHILDREN_MAX = 8;
const ECHO_CHARACTERS_MAX = 200;

/**
 * The demo behaviour (design §10): deterministic, needs no key, and exercises the whole path — a lead really delegates
 * to its children through the platform and composes their answers. It labels itself in every reply.
 */
export function createEchoAdapter(options: EchoOptions): Adapter {
  return {
    name: 'echo',
    demo: true,
    model: null,
    replaySafe: true,
    async *run(turn, context) {
      const behaviour = options.conformance ? findBehaviour(turn.messageId) : null;
      // The answer to a question of the kit arrives under the id that asked; it completes the task.
      if (behaviour && turn.history.length === 0) {
        if (behaviour.holdMs !== undefined) await options.sleep(behaviour.holdMs, context.signal);
        yield* behaviour.events;
        return;
      }
      const children = isDelegationResult(turn) ? [] : await findChildren(context);
      if (children.length === 0) yield* say(leafAnswer(turn, context));
      else yield* leadTeam(turn, context, children, options.reason ?? null);
    },
  };
}

function leafAnswer(turn: Turn, context: AdapterContext): string {
  return `${context.self.name} received: ${firstCharacters(turn.text, ECHO_CHARACTERS_MAX)}`;
}

async function* leadTeam(
  turn: Turn,
  context: AdapterContext,
  children: readonly Peer[],
  reason: string | null,
): AsyncGenerator<AdapterEvent> {
  const header = `Demo reply from ${context.self.name} (${reason?.replace(/\.$/, '') ?? 'no model key configured'})`;
  // Said before the children are asked: whoever watches sees at once that work has begun.
  yield* stream(header);
  const asked = children.filter((child) => child.status === 'online').slice(0, CHILDREN_MAX);
  // All are asked before any is awaited; the calls leave in creation order.
  const pending = asked.map((child) =>
    context.platform.delegate(child.id, `For ${child.name}: ${turn.text}`, context.signal),
  );
  const answers = new Map<string, string>();
  for (const child of asked) yield toolNotice(child, 'started', child.name);
  for (const [index, outcome] of (await Promise.all(pending)).entries()) {
    const child = asked[index];
    if (!child) continue;
    answers.set(child.id, quote(child, outcome));
    yield toolNotice(child, outcome.state === 'completed' ? 'finished' : 'failed', child.name);
  }
  const lines = children.map(
    (child) => answers.get(child.id) ?? `> ${child.name} was not asked: ${whyNotAsked(child)}`,
  );
  const rest = `\n${lines.join('\n')}`;
  yield* stream(rest);
  yield { type: 'done', text: `${header}${rest}` };
}

function quote(child: Peer, outcome: DelegationOutcome): string {
  switch (outcome.state) {
    case 'completed':
      return `> ${named(child, onOneLine(outcome.text))}`;
    case 'failed':
    case 'stuck':
      return `> ${child.name} ${outcome.state === 'stuck' ? 'is stuck' : 'failed'}: ${onOneLine(outcome.reason)}`;
    default:
      return outcome satisfies never;
  }
}

/** A demo child begins with its own name; once is enough. */
function named({ name }: Peer, text: string): string {
  return text.startsWith(`${name} `) || text.startsWith(`${name}:`) ? text : `${name}: ${text}`;
}

function whyNotAsked(child: Peer): string {
  return child.status === 'online' ? `a demo lead asks ${CHILDREN_MAX} children at most` : `it is ${child.status}`;
}

function toolNotice(child: Peer, phase: 'started' | 'finished' | 'failed', detail: string): AdapterEvent {
  return { type: 'tool', id: `delegate:${child.id}`, name: 'delegate_task', phase, detail };
}

async function findChildren(context: AdapterContext): Promise<readonly Peer[]> {
  const peers = await context.platform.peers(context.signal);
  return peers.filter((peer) => peer.relation === 'child');
}

/** An agent must not be set to work again by the result of its own delegation (design §7, loop breakers). */
function isDelegationResult(turn: Turn): boolean {
  return turn.metadata.kind === 'delegation_result' || turn.metadata.method === 'delegate_result';
}

function* stream(text: string): Generator<AdapterEvent> {
  for (const word of toWords(text)) yield { type: 'text_delta', text: word };
}

function* say(text: string): Generator<AdapterEvent> {
  yield* stream(text);
  yield { type: 'done', text };
}
