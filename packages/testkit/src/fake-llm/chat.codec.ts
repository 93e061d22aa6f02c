import { type Codec, type CompleteAnswer, type SentEvent, toFragments, toPieces } from './codec.js';
import type { CodecMessage } from './conversation.js';
import {
  isObject,
  type JsonObject,
  listAt,
  MalformedRequest,
  objectAt,
  parseArguments,
  textAt,
  textOfParts,
} from './json.js';
import { openAiError } from './openai-error.js';

/** OpenAI chat completions (`POST /v1/chat/completions`), which OpenAI-compatible servers speak. */
export const chatCodec: Codec = {
  api: 'chat',
  path: '/v1/chat/completions',

  readRequest(body) {
    const entries = listAt(body.messages, 'messages').map((entry, index) => objectAt(entry, `messages[${index}]`));
    const isSystem = (entry: JsonObject) => entry.role === 'system' || entry.role === 'developer';
    return {
      model: textAt(body.model, 'model'),
      stream: body.stream === true,
      system: entries
        .filter(isSystem)
        .map((entry) => textOfParts(entry.content, ['text'], 'system'))
        .join('\n'),
      messages: entries
        .filter((entry) => !isSystem(entry))
        .map((entry, index) => readMessage(entry, `messages[${index}]`)),
      tools: listAt(body.tools ?? [], 'tools').map((tool, index) => {
        const where = `tools[${index}].function`;
        return textAt(objectAt(objectAt(tool, where).function, where).name, `${where}.name`);
      }),
    };
  },

  writeAnswer(answer) {
    return {
      ...head(answer, 'chat.completion'),
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: answer.text === '' ? null : answer.text,
            refusal: null,
            ...(answer.toolCalls.length > 0 && { tool_calls: answer.toolCalls.map((call) => toolCall(call)) }),
          },
          logprobs: null,
          finish_reason: finishReason(answer),
        },
      ],
      usage: usage(answer),
    };
  },

  writeEvents(answer, body) {
    const includeUsage = isObject(body.stream_options) && body.stream_options.include_usage === true;
    const chunk = (delta: JsonObject, finish_reason: string | null = null): SentEvent => ({
      event: null,
      data: {
        ...head(answer, 'chat.completion.chunk'),
        choices: [{ index: 0, delta, logprobs: null, finish_reason }],
        ...(includeUsage && { usage: null }),
      },
    });
    return [
      chunk({ role: 'assistant', content: answer.text === '' ? null : '', refusal: null }),
      ...toPieces(answer.text).map((piece) => chunk({ content: piece })),
      ...answer.toolCalls.flatMap((call, index) => [
        chunk({ tool_calls: [{ index, ...toolCall(call, '') }] }),
        ...toFragments(JSON.stringify(call.input)).map((piece) =>
          chunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
        ),
      ]),
      chunk({}, finishReason(answer)),
      ...(includeUsage
        ? [{ event: null, data: { ...head(answer, 'chat.completion.chunk'), choices: [], usage: usage(answer) } }]
        : []),
      { event: null, data: '[DONE]' },
    ];
  },

  writeRefusal: openAiError,

  writeStreamError(message) {
    return { event: null, data: openAiError({ status: 500, error: { message } }) };
  },
};

function readMessage(entry: JsonObject, where: string): CodecMessage {
  switch (entry.role) {
    case 'user':
      return { role: 'user', text: textOfParts(entry.content, ['text'], `${where}.content`) };
    case 'tool': {
      const callId = textAt(entry.tool_call_id, `${where}.tool_call_id`);
      return { role: 'user', toolResults: [{ callId, text: textOfParts(entry.content, ['text'], where) }] };
    }
    case 'assistant':
      return {
        role: 'assistant',
        text: textOfParts(entry.content, ['text'], `${where}.content`),
        toolCalls: listAt(entry.tool_calls ?? [], `${where}.tool_calls`).map((value) => {
          const call = objectAt(value, `${where}.tool_calls`);
          const fn = objectAt(call.function, `${where}.tool_calls.function`);
          const input = parseArguments(textAt(fn.arguments, `${where}.arguments`), where);
          return { id: textAt(call.id, `${where}.id`), name: textAt(fn.name, `${where}.name`), input };
        }),
      };
    default:
      throw new MalformedRequest(`${where}.role: unexpected ${String(entry.role)}`);
  }
}

function toolCall(call: CompleteAnswer['toolCalls'][number], args = JSON.stringify(call.input)): JsonObject {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: args } };
}

function head(answer: CompleteAnswer, object: string): JsonObject {
  return { id: `chatcmpl-${answer.id}`, object, created: 1, model: answer.model };
}

function usage(answer: CompleteAnswer): JsonObject {
  const { inputTokens, outputTokens } = answer.usage;
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens };
}

function finishReason(answer: CompleteAnswer): string {
  switch (answer.stop) {
    case 'length':
      return 'length';
    case 'filtered':
      return 'content_filter';
    case 'finished':
      return answer.toolCalls.length > 0 ? 'tool_calls' : 'stop';
  }
}
