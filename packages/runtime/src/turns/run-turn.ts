import { type Adapter, type AdapterContext, AdapterError, type ArtifactPart, type Turn } from '../adapters/adapter.js';
import { type Log, reasonOf } from '../log.js';
import type { ToolTraceEntry, TurnArtifact, TurnEvent, TurnOutcome } from './turn-outcome.js';

// The contract's limit for a stored trace; a turn with more calls keeps its first ones.
const TOOL_TRACE_MAX = 200;

/**
 * Drives one turn of an adapter to its outcome. Throws only the signal's reason, when the turn was aborted; every other
 * failure is an outcome, because somebody waits for it.
 */
export async function runTurn(
  adapter: Adapter,
  turn: Turn,
  context: AdapterContext,
  emit: (event: TurnEvent) => void,
  log: Log,
): Promise<TurnOutcome> {
  try {
    const outcome = await Promise.race([consume(adapter, turn, context, emit), rejectOnAbort(context.signal)]);
    return (
      outcome ??
      failed(new AdapterError('internal', `The ${adapter.name} agent ended without an answer.`, { retryable: true }))
    );
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof AdapterError) return failed(error);
    log.error('turn_crashed', { message_id: turn.messageId, adapter: adapter.name, reason: reasonOf(error) });
    return failed(
      new AdapterError('internal', `The ${adapter.name} agent failed: ${reasonOf(error)}`, { retryable: true }),
    );
  }
}

/** Null when the adapter's stream ends without saying how. */
async function consume(
  adapter: Adapter,
  turn: Turn,
  context: AdapterContext,
  emit: (event: TurnEvent) => void,
): Promise<TurnOutcome | null> {
  const artifacts = new Map<string, ArtifactPart[]>();
  const tools: ToolTraceEntry[] = [];
  for await (const event of adapter.run(turn, context)) {
    // An adapter that is slow to notice an abort must not go on talking.
    context.signal.throwIfAborted();
    switch (event.type) {
      case 'text_delta':
        emit({ type: 'text', text: event.text });
        break;
      case 'tool':
        if (event.phase !== 'started' && tools.length < TOOL_TRACE_MAX) {
          tools.push({ name: event.name, phase: event.phase, detail: event.detail });
        }
        emit(event);
        break;
      case 'artifact':
        artifacts.set(event.id, event.append ? [...(artifacts.get(event.id) ?? []), event.part] : [event.part]);
        emit(event);
        break;
      case 'input_required':
      case 'rejected':
        return { state: event.type, text: event.text };
      case 'done':
        return {
          state: 'completed',
          text: event.text,
          reply: event.reply ?? (artifacts.size > 0 ? 'task' : 'message'),
          artifacts: [...artifacts].map(([id, parts]): TurnArtifact => ({ id, parts })),
          usage: event.usage ?? null,
          tools,
        };
      default:
        event satisfies never;
    }
  }
  return null;
}

function failed(error: AdapterError): TurnOutcome {
  return { state: 'failed', code: error.code, reason: error.message, retryable: error.retryable };
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
