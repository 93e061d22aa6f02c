import { type AgentRequest, type Behaviour, createFakeAgent, type FakeAgent } from '@molecule/testkit';

/** How an agent takes the next message that is new to it. */
export const MOODS = [
  'answer',
  'fail',
  'ask',
  'give_up',
  'busy',
  'hold',
  'stream',
  'stream_held',
  'die_unseen',
  'die_at_work',
  'die_done',
  'die_mid_answer',
] as const;
export type Mood = (typeof MOODS)[number];

/** An agent whose moods change and which counts what it really does. */
export interface MoodyAgent {
  readonly url: string;
  /** How often work began, by message id. */
  readonly begun: ReadonlyMap<string, number>;
  /** Messages that were sent again although it had a record of them. */
  readonly repeated: ReadonlySet<string>;
  /** Messages that are answered by nobody yet and waited for by somebody. */
  waiting(): readonly string[];
  be(mood: Mood): void;
  /** Ends everything it holds or works on. */
  finishAll(): void;
  close(): Promise<void>;
}

/**
 * `remembers`: like our own runtime it keeps a record by message id, can be asked, and does nothing twice. Any other agent
 * does whatever it is sent, as often as it is sent.
 */
export async function createMoodyAgent({ remembers }: { readonly remembers: boolean }): Promise<MoodyAgent> {
  const agent: FakeAgent = await createFakeAgent();
  const begun = new Map<string, number>();
  const repeated = new Set<string>();
  const record = new Map<string, 'working' | 'completed' | 'failed'>();
  let mood: Mood = 'answer';

  agent.answerQuestions(remembers ? 'tasks' : 'method_not_found');
  agent.behave((request) => {
    const id = request.messageId;
    if (id === null) return { kind: 'json', status: 200, body: { jsonrpc: '2.0', id: 1, result: {} } };
    const known = record.get(id);
    if (remembers && known !== undefined) return again(known, request);
    return take(id, request);
  });

  function take(id: string, request: AgentRequest): Behaviour {
    switch (mood) {
      case 'answer':
        note(id, 'completed');
        return { kind: 'answer', text: answerTo(id) };
      case 'fail':
        note(id, 'failed');
        return failed(request, id);
      case 'ask':
        note(id, 'completed');
        return asks(request, id);
      case 'give_up':
        note(id, 'failed');
        return task(request, id, 'canceled', 'it was given up');
      case 'busy':
        return { kind: 'busy' };
      case 'hold':
        note(id, 'working');
        return { kind: 'hold', text: answerTo(id) };
      case 'stream':
        note(id, 'completed');
        return { kind: 'stream', words: [answerTo(id)] };
      case 'stream_held':
        note(id, 'working');
        return { kind: 'stream', words: [answerTo(id)], holdsEnd: true };
      case 'die_unseen':
        return { kind: 'die' };
      case 'die_at_work':
        note(id, 'working');
        return { kind: 'die' };
      case 'die_done':
        note(id, 'completed');
        return { kind: 'die' };
      case 'die_mid_answer':
        note(id, 'completed');
        return { kind: 'die_mid_answer' };
      default:
        return mood satisfies never;
    }
  }

  function again(known: 'working' | 'completed' | 'failed', request: AgentRequest): Behaviour {
    const id = request.messageId ?? '';
    repeated.add(id);
    if (known === 'working') return { kind: 'hold', text: answerTo(id) };
    return known === 'failed' ? failed(request, id) : { kind: 'answer', text: answerTo(id) };
  }

  function note(id: string, state: 'working' | 'completed' | 'failed'): void {
    if (!record.has(id) || !remembers) begun.set(id, (begun.get(id) ?? 0) + 1);
    record.set(id, state);
    agent.remember(id, state, state === 'failed' ? 'it did not work out' : answerTo(id));
  }

  return {
    url: agent.url,
    begun,
    repeated,
    waiting: () => agent.waiting(),
    be(next) {
      mood = next;
    },
    finishAll() {
      for (const [id, state] of record) {
        if (state !== 'working') continue;
        record.set(id, 'completed');
        agent.remember(id, 'completed', answerTo(id));
      }
      agent.release();
    },
    close: () => agent.close(),
  };
}

export function answerTo(messageId: string): string {
  return `answer to ${messageId}`;
}

function failed(request: AgentRequest, id: string): Behaviour {
  return task(request, id, 'failed', 'it did not work out');
}

function asks(request: AgentRequest, id: string): Behaviour {
  return task(request, id, 'input-required', `a question about ${id}`);
}

function task(request: AgentRequest, id: string, state: string, text: string): Behaviour {
  const message = { kind: 'message', role: 'agent', messageId: `${id}:${state}`, parts: [{ kind: 'text', text }] };
  const result = { kind: 'task', id, contextId: id, status: { state, message } };
  return { kind: 'json', status: 200, body: { jsonrpc: '2.0', id: request.body.id ?? null, result } };
}
