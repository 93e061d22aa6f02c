import { followAbort } from '@molecule/contract/abort';
import { type LanguageModel, stepCountIs, streamText, type TextStreamPart } from 'ai';
import type { Log } from '../../log.js';
import { type AdapterContext, AdapterError, type AdapterEvent, type Turn } from '../adapter.js';
import { brokenAnswer, toAdapterError } from './errors.js';
import { toModelMessages } from './messages.js';
import { describeChoice, type ModelChoice } from './model-choice.js';
import { createTools, type Tools } from './tools.js';
import { untilAborted } from './until-aborted.js';

// 24 steps: a lead that asks a large team in several rounds stays well below; a model that loops is stopped by it.
const STEPS_MAX = 24;
const DETAIL_CHARS_MAX = 200;

export interface LoopSettings {
  readonly model: LanguageModel;
  readonly choice: ModelChoice;
  readonly log: Pick<Log, 'warn'>;
  /** How often one refused or failed request is repeated, with back-off or after the Retry-After the API asked for. */
  readonly retriesMax: number;
}

/**
 * One turn with a model: streams its text, runs its tool calls (those of one step in parallel), feeds the results back
 * and ends with `done`. Throws {@link AdapterError}; on abort the signal's reason.
 */
export async function* runLoop(
  settings: LoopSettings,
  turn: Turn,
  context: AdapterContext,
): AsyncGenerator<AdapterEvent, void, void> {
  const { choice, log } = settings;
  context.signal.throwIfAborted();
  // Ends the request and the tools also when the turn fails, or is left, before the stream is over.
  const ended = new AbortController();
  const { signal } = ended;
  const result = streamText({
    model: settings.model,
    // An empty system text is refused by some models.
    ...(context.systemPrompt.trim() !== '' && { system: context.systemPrompt }),
    messages: toModelMessages(turn),
    tools: createTools(context, signal),
    stopWhen: stepCountIs(STEPS_MAX),
    maxRetries: settings.retriesMax,
    abortSignal: signal,
    // Nothing of a conversation stays at the provider; earlier items are sent again instead of referred to.
    providerOptions: { openai: { store: false } },
    // Errors are read from the stream below; the library would print them, request included.
    onError: () => undefined,
  });
  const transcript = createTranscript(choice);
  const unfollow = followAbort(ended, [context.signal]);
  try {
    for await (const part of untilAborted(result.fullStream, context.signal)) yield* transcript.read(part);
    yield* transcript.end();
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = toAdapterError(error, choice);
    log.warn('model_call_failed', { model: describeChoice(choice), code: failure.code, reason: failure.message });
    throw failure;
  } finally {
    unfollow();
    ended.abort(new Error('The turn is over.'));
  }
}

/** Folds the library's stream into the port's events; knows the text so far, the steps and the usage. */
function createTranscript(choice: ModelChoice) {
  let text = '';
  let steps = 0;
  let lastFinish = 'other';
  let usage = { input_tokens: 0, output_tokens: 0 };
  let isGapDue = false;

  const say = (delta: string): AdapterEvent => {
    const gap = isGapDue ? '\n\n' : '';
    isGapDue = false;
    text += gap + delta;
    return { type: 'text_delta', text: gap + delta };
  };

  return {
    *read(part: TextStreamPart<Tools>): Generator<AdapterEvent> {
      switch (part.type) {
        case 'start-step':
          isGapDue = text !== '' && !text.endsWith('\n\n');
          return;
        case 'text-delta':
          if (part.text !== '') yield say(part.text);
          return;
        case 'tool-call':
          yield toolEvent(part.toolCallId, part.toolName, 'started', inputDetail(part.input));
          return;
        case 'tool-result': {
          // Only tools declared at run time are dynamic; there are none here.
          if (part.dynamic === true) return;
          const output = part.output;
          yield toolEvent(part.toolCallId, part.toolName, output.ok ? 'finished' : 'failed', output.text);
          return;
        }
        case 'tool-error':
          yield toolEvent(part.toolCallId, part.toolName, 'failed', String(part.error));
          return;
        case 'finish-step':
          // Every protocol names a reason when the model is done; none means the stream was cut between two events.
          if (part.finishReason === 'other' && part.rawFinishReason === undefined) throw brokenAnswer(choice);
          steps += 1;
          lastFinish = part.finishReason;
          usage = {
            input_tokens: usage.input_tokens + (part.usage.inputTokens ?? 0),
            output_tokens: usage.output_tokens + (part.usage.outputTokens ?? 0),
          };
          return;
        case 'error':
          throw part.error;
        default:
          // Reasoning, sources, raw parts and markers are not part of the answer.
          return;
      }
    },

    *end(): Generator<AdapterEvent> {
      if (lastFinish === 'content-filter') {
        throw new AdapterError('model_refused', `The model ${choice.modelId} declined to answer this message.`, {
          retryable: false,
        });
      }
      isGapDue = text !== '';
      if (lastFinish === 'tool-calls' && steps >= STEPS_MAX) {
        yield say(
          `I stopped after ${STEPS_MAX} steps without finishing. What I found so far is above; ` +
            'ask me to continue, or give me a smaller task.',
        );
      } else if (lastFinish === 'length') {
        yield say(`[The answer was cut at the output limit of ${choice.modelId}.]`);
      } else if (text.trim() === '') {
        throw new AdapterError(
          'model_unavailable',
          `The model ${choice.modelId} returned an empty answer. Send the message again.`,
          { retryable: true },
        );
      }
      yield { type: 'done', text, usage };
    },
  };
}

function toolEvent(id: string, name: string, phase: 'started' | 'finished' | 'failed', detail: string): AdapterEvent {
  const cut = detail.length > DETAIL_CHARS_MAX ? `${detail.slice(0, DETAIL_CHARS_MAX)}…` : detail;
  return { type: 'tool', id, name, phase, detail: cut };
}

/** `Writer: Draft the summary…` for a delegation, nothing for a call without input. */
function inputDetail(input: unknown): string {
  if (typeof input !== 'object' || input === null || !('target' in input)) return '';
  const task = 'task' in input ? String(input.task) : '';
  return `${String(input.target)}: ${task}`;
}
