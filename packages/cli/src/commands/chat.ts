import type { Workspace } from '@molecule/contract';
import { failureOfReply, hear, type StreamedReply, silentReply, textOfReply, textSoFar } from '@molecule/contract/a2a';
import { followAbort } from '@molecule/contract/abort';
import { ApiError } from '@molecule/contract/client';
import {
  type Command,
  type Context,
  type Outcome,
  RefusedError,
  readCount,
  TimeoutError,
  UsageError,
} from '../command.js';
import { PROGRAM } from '../config.js';
import { findWorkspace } from '../find-workspace.js';
import { createMessageId } from '../random.js';
import { waitForAnswer } from '../recorded-answer.js';
import { readEvents } from '../sse.js';

const DEFAULT_TIMEOUT_SECONDS = 600;
const TIMEOUT_SECONDS_MAX = 86_400;

/** One message and what is waited for. */
export interface Turn {
  readonly workspace: Workspace;
  readonly messageId: string;
  /** Aborts when the person interrupts or the time allowed has passed. */
  readonly deadline: AbortSignal;
}

export const chat: Command = {
  path: ['chat'],
  args: [
    { name: 'name', required: true },
    { name: 'message', required: true, text: true },
  ],
  flags: { timeout: { kind: 'text', describe: `seconds to wait for the answer (default ${DEFAULT_TIMEOUT_SECONDS})` } },
  summary: 'Send a message to a workspace and print its answer as it comes',
  async run(context) {
    const { args, flags, signal } = context;
    const text = args[1] ?? '';
    if (text.trim() === '') throw new UsageError('the message is empty');
    const seconds = readCount('timeout', flags.timeout, DEFAULT_TIMEOUT_SECONDS, TIMEOUT_SECONDS_MAX);
    const workspace = await findWorkspace(context.client(), args[0] ?? '');
    const ender = new AbortController();
    const unfollow = followAbort(ender, [signal, AbortSignal.timeout(seconds * 1000)]);
    const turn: Turn = { workspace, messageId: createMessageId(), deadline: ender.signal };
    try {
      const outcome = await converse(context, turn, text);
      if (workspace.demo) context.note(`(A demonstration. ${demoReasonOf(workspace)})`);
      return outcome;
    } catch (error) {
      if (!turn.deadline.aborted) throw error;
      throw new TimeoutError(
        `no answer from ${workspace.name} within ${seconds} s; a message the server has accepted stays recorded and is answered (message ${turn.messageId})`,
      );
    } finally {
      unfollow();
    }
  },
};

async function converse(context: Context, turn: Turn, text: string): Promise<Outcome> {
  const { workspace, messageId, deadline } = turn;
  const response = await context
    .client()
    .open('sendMessage', { params: { id: workspace.id }, body: toEnvelope(messageId, text) }, { signal: deadline });
  const type = response.headers.get('content-type') ?? '';
  if (response.ok && type.includes('text/event-stream')) return followStream(context, turn, response);
  const body: unknown = type.includes('json') ? await response.json() : await response.text();
  if (response.status === 202) {
    context.note(`${workspace.name} is not free yet; the message is recorded. Waiting for the answer …`);
    return finish(turn, await waitForAnswer(context, turn));
  }
  if (!response.ok) throw new ApiError(response.status, body, null);
  return finish(turn, { text: textOfReply(body), failure: failureOfReply(body) });
}

function toEnvelope(messageId: string, text: string): Record<string, unknown> {
  const message = { kind: 'message', role: 'user', messageId, parts: [{ kind: 'text', text }] };
  return { jsonrpc: '2.0', id: messageId, method: 'message/stream', params: { message } };
}

/** Prints the answer piece by piece. A stream that breaks off loses nothing: the answer is in the log when it is done. */
async function followStream(context: Context, turn: Turn, response: Response): Promise<Outcome> {
  let reply: StreamedReply = silentReply;
  let printed = '';
  try {
    for await (const data of readEvents(response)) {
      reply = hear(reply, parseFrame(data));
      const text = textSoFar(reply);
      // An agent may replace what it said; then the whole is printed once more at the end.
      if (text.startsWith(printed)) {
        context.write(text.slice(printed.length));
        printed = text;
      }
    }
  } catch (error) {
    if (turn.deadline.aborted) throw error;
    reply = { ...reply, outcome: 'open' };
  } finally {
    if (printed !== '') context.write('\n');
  }
  if (reply.outcome === 'open') {
    context.note('The connection ended before the answer did; the message is recorded. Waiting for the answer …');
    return finish(turn, await waitForAnswer(context, turn));
  }
  const text = textSoFar(reply);
  const outcome = finish(turn, { text, failure: reply.outcome === 'failed' ? (reply.failure ?? '') : null });
  return text === printed ? { ...outcome, text: '' } : outcome;
}

/** A frame that is no JSON says nothing; the stream goes on. */
function parseFrame(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

function finish({ workspace, messageId }: Turn, answer: { text: string; failure: string | null }): Outcome {
  if (answer.failure !== null) {
    throw new RefusedError(`${workspace.name} could not answer: ${answer.failure}`, {
      help: `Its log may say more: ${PROGRAM} logs ${workspace.id}`,
      fields: { workspace_id: workspace.id, message_id: messageId },
    });
  }
  return { data: { workspace_id: workspace.id, message_id: messageId, text: answer.text }, text: answer.text };
}

/** What the agent's own card tells: a key that is missing, or one that is there and cannot be used. */
function demoReasonOf({ agent_card: card, runtime }: Workspace): string {
  const told: unknown = typeof card === 'object' && card !== null && 'demo_reason' in card ? card.demo_reason : null;
  if (typeof told === 'string' && told !== '') return told;
  return runtime === 'echo'
    ? 'The runtime echo has no model.'
    : 'For real answers add a model key in the canvas, under Settings.';
}
