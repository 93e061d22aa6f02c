import { type Codec, type CompleteAnswer, type SentEvent, toFragments, toPieces } from './codec.js';
import type { CodecMessage, LlmToolCall } from './conversation.js';
import { type JsonObject, listAt, MalformedRequest, objectAt, textAt, textOfParts } from './json.js';

/** Anthropic Messages (`POST /v1/messages`, version 2023-06-01). */
export const anthropicCodec: Codec = {
  api: 'anthropic',
  path: '/v1/messages',

  readRequest(body) {
    if (typeof body.max_tokens !== 'number') throw new MalformedRequest('max_tokens: Field required');
    const entries = listAt(body.messages, 'messages').map((entry, index) => objectAt(entry, `messages.${index}`));
    // Newer clients also send instructions in the middle of a conversation.
    const isSystem = (entry: JsonObject) => entry.role === 'system';
    const inserted = entries.filter(isSystem).map((entry) => textOfParts(entry.content, ['text'], 'messages.content'));
    const messages = entries.flatMap((entry, index) =>
      isSystem(entry) ? [] : [readMessage(entry, `messages.${index}`)],
    );
    if (messages.length === 0) throw new MalformedRequest('messages: at least one message is required');
    return {
      model: textAt(body.model, 'model'),
      stream: body.stream === true,
      system: [textOfParts(body.system, ['text'], 'system'), ...inserted].join('\n'),
      messages,
      tools: listAt(body.tools ?? [], 'tools').map((tool, index) =>
        textAt(objectAt(tool, `tools.${index}`).name, `tools.${index}.name`),
      ),
    };
  },

  writeAnswer(answer) {
    return {
      ...messageHead(answer),
      content: [
        ...(answer.text === '' ? [] : [{ type: 'text', text: answer.text }]),
        ...answer.toolCalls.map((call) => ({ type: 'tool_use', id: call.id, name: call.name, input: call.input })),
      ],
      stop_reason: stopReason(answer),
      usage: { input_tokens: answer.usage.inputTokens, output_tokens: answer.usage.outputTokens },
    };
  },

  writeEvents(answer) {
    const blocks: readonly (readonly SentEvent[])[] = [
      ...(answer.text === '' ? [] : [textBlock(answer.text)]),
      ...answer.toolCalls.map(toolBlock),
    ].map((block, index) => block.map((entry) => named({ ...entry, index })));
    return [
      named({
        type: 'message_start',
        message: {
          ...messageHead(answer),
          content: [],
          stop_reason: null,
          usage: { input_tokens: answer.usage.inputTokens, output_tokens: 1 },
        },
      }),
      named({ type: 'ping' }),
      ...blocks.flat(),
      named({
        type: 'message_delta',
        delta: { stop_reason: stopReason(answer), stop_sequence: null },
        usage: { output_tokens: answer.usage.outputTokens },
      }),
      named({ type: 'message_stop' }),
    ];
  },

  writeRefusal({ status, error }) {
    return { type: 'error', error: { type: error.type ?? errorType(status), message: error.message } };
  },

  writeStreamError(message) {
    return named({ type: 'error', error: { type: 'overloaded_error', message } });
  },
};

function readMessage(value: unknown, where: string): CodecMessage {
  const message = objectAt(value, where);
  const role = message.role;
  if (role !== 'user' && role !== 'assistant') throw new MalformedRequest(`${where}.role: unexpected ${String(role)}`);
  if (message.content === '' || (Array.isArray(message.content) && message.content.length === 0)) {
    throw new MalformedRequest(`${where}: all messages must have non-empty content`);
  }
  if (typeof message.content === 'string') return { role, text: message.content };
  const parts = listAt(message.content, `${where}.content`).map((part) => objectAt(part, `${where}.content`));
  return {
    role,
    text: textOfParts(parts, ['text'], `${where}.content`),
    toolCalls: parts
      .filter((part) => part.type === 'tool_use')
      .map((part): LlmToolCall => ({ id: textAt(part.id, where), name: textAt(part.name, where), input: part.input })),
    toolResults: parts
      .filter((part) => part.type === 'tool_result')
      .map((part) => ({
        callId: textAt(part.tool_use_id, `${where}.tool_use_id`),
        text: textOfParts(part.content, ['text'], `${where}.content`),
      })),
  };
}

function messageHead(answer: CompleteAnswer): JsonObject {
  return { id: `msg_${answer.id}`, type: 'message', role: 'assistant', model: answer.model, stop_sequence: null };
}

type BlockEntry = JsonObject & { readonly type: string };

function textBlock(text: string): readonly BlockEntry[] {
  return [
    { type: 'content_block_start', content_block: { type: 'text', text: '' } },
    ...toPieces(text).map((piece) => ({ type: 'content_block_delta', delta: { type: 'text_delta', text: piece } })),
    { type: 'content_block_stop' },
  ];
}

function toolBlock(call: LlmToolCall): readonly BlockEntry[] {
  const deltas = ['', ...toFragments(JSON.stringify(call.input))];
  return [
    { type: 'content_block_start', content_block: { type: 'tool_use', id: call.id, name: call.name, input: {} } },
    ...deltas.map((partial_json) => ({
      type: 'content_block_delta',
      delta: { type: 'input_json_delta', partial_json },
    })),
    { type: 'content_block_stop' },
  ];
}

function named(data: BlockEntry): SentEvent {
  return { event: data.type, data };
}

function stopReason(answer: CompleteAnswer): string {
  switch (answer.stop) {
    case 'length':
      return 'max_tokens';
    case 'filtered':
      return 'refusal';
    case 'finished':
      return answer.toolCalls.length > 0 ? 'tool_use' : 'end_turn';
  }
}

function errorType(status: number): string {
  const types: Readonly<Record<number, string>> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    403: 'permission_error',
    404: 'not_found_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  };
  return types[status] ?? 'api_error';
}
