import type { CodecRequest, LlmApi } from './conversation.js';
import type { JsonObject } from './json.js';
import type { LlmRefusal } from './script.js';

/** An answer with every choice made: ids and usage are filled in, so that codecs only translate. */
export interface CompleteAnswer {
  readonly id: string;
  readonly model: string;
  readonly text: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
  readonly stop: 'finished' | 'length' | 'filtered';
}

/** One server-sent event; `event` is null where the API sends bare data lines. */
export interface SentEvent {
  readonly event: string | null;
  readonly data: JsonObject | '[DONE]';
}

/** One wire protocol: reads its request, writes its two kinds of response and its error body. */
export interface Codec {
  readonly api: LlmApi;
  readonly path: string;
  readRequest(body: JsonObject): CodecRequest;
  writeAnswer(answer: CompleteAnswer, body: JsonObject): JsonObject;
  writeEvents(answer: CompleteAnswer, body: JsonObject): readonly SentEvent[];
  writeRefusal(refusal: LlmRefusal): JsonObject;
  /** The event this API sends when a stream breaks after its 200. */
  writeStreamError(message: string): SentEvent;
}

/** Cuts text as models stream it: word by word, nothing lost. */
export function toPieces(text: string): readonly string[] {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

/** Cuts a JSON argument string in two, so that readers must really join the deltas. */
export function toFragments(json: string): readonly string[] {
  const middle = Math.ceil(json.length / 2);
  return [json.slice(0, middle), json.slice(middle)].filter((piece) => piece !== '');
}
