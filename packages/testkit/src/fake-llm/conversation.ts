/** The three wire protocols the fake speaks. */
export type LlmApi = 'anthropic' | 'responses' | 'chat';

export interface LlmToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

export interface LlmToolResult {
  readonly callId: string;
  /** Name of the tool that was called, found through the call id; null when the call is not in the conversation. */
  readonly name: string | null;
  readonly text: string;
}

export interface LlmMessage {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly toolCalls: readonly LlmToolCall[];
  readonly toolResults: readonly LlmToolResult[];
}

/** One request, the same whatever protocol it came in. Tests assert on this; scripts decide by it. */
export interface LlmRequest {
  readonly api: LlmApi;
  readonly model: string;
  readonly stream: boolean;
  readonly system: string;
  readonly messages: readonly LlmMessage[];
  readonly tools: readonly string[];
  /** Results that came in since the model last spoke: what a tool loop has to react to. */
  readonly toolResults: readonly LlmToolResult[];
  /** What the last message with text from the user's side says. */
  readonly lastUserText: string;
  /** The credential as sent, so that a test can see which key was used. */
  readonly apiKey: string | null;
  /** The body as it arrived. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A message as a codec reads it: call ids are resolved to names by {@link toRequest}. */
export interface CodecMessage {
  readonly role: 'user' | 'assistant';
  readonly text?: string;
  readonly toolCalls?: readonly LlmToolCall[];
  readonly toolResults?: readonly { readonly callId: string; readonly text: string }[];
}

export interface CodecRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly system: string;
  readonly messages: readonly CodecMessage[];
  readonly tools: readonly string[];
}

/** Completes what a codec read with the facts that follow from it. */
export function toRequest(
  api: LlmApi,
  read: CodecRequest,
  body: Readonly<Record<string, unknown>>,
  apiKey: string | null,
): LlmRequest {
  const names = new Map<string, string>();
  for (const message of read.messages) {
    for (const call of message.toolCalls ?? []) names.set(call.id, call.name);
  }
  const messages = read.messages.map((message): LlmMessage => {
    const toolResults = (message.toolResults ?? []).map((result) => ({
      ...result,
      name: names.get(result.callId) ?? null,
    }));
    return { role: message.role, text: message.text ?? '', toolCalls: message.toolCalls ?? [], toolResults };
  });
  const afterAssistant = messages.slice(messages.findLastIndex((message) => message.role === 'assistant') + 1);
  return {
    api,
    ...read,
    messages,
    toolResults: afterAssistant.flatMap((message) => message.toolResults),
    lastUserText: messages.findLast((message) => message.role === 'user' && message.text !== '')?.text ?? '',
    apiKey,
    body,
  };
}
