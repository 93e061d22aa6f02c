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

/**
 * OpenAI Responses (`POST /v1/responses`), stateless: nothing is stored, so a request that refers to an earlier item by
 * id (`item_reference`, `previous_response_id`) is refused, as the API does for items sent with `store: false`.
 */
export const responsesCodec: Codec = {
  api: 'responses',
  path: '/v1/responses',

  readRequest(body) {
    if (body.previous_response_id != null) {
      throw new MalformedRequest(`Previous response ${JSON.stringify(body.previous_response_id)} not found.`);
    }
    const items =
      typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : listAt(body.input, 'input');
    const entries = items.map((item, index) => objectAt(item, `input[${index}]`));
    const isSystem = (entry: JsonObject) => entry.role === 'system' || entry.role === 'developer';
    const instructions = body.instructions == null ? [] : [textAt(body.instructions, 'instructions')];
    const system = entries.filter(isSystem).map((entry) => textOfParts(entry.content, ['input_text'], 'input.content'));
    return {
      model: textAt(body.model, 'model'),
      stream: body.stream === true,
      system: [...instructions, ...system].join('\n'),
      messages: entries
        .filter((entry) => !isSystem(entry))
        .flatMap((entry, index) => readItem(entry, `input[${index}]`)),
      tools: listAt(body.tools ?? [], 'tools')
        .filter(isObject)
        .flatMap((tool) => [tool, ...namespaced(tool)])
        .filter((tool) => tool.type === 'function')
        .map((tool, index) => textAt(tool.name, `tools[${index}].name`)),
    };
  },

  writeAnswer(answer, body) {
    return { ...response(answer, finalStatus(answer)), output: outputItems(answer, body), usage: usage(answer) };
  },

  writeEvents(answer, body) {
    const started = response(answer, 'in_progress');
    const items = outputItems(answer, body).flatMap((item, index) =>
      item.type === 'message' ? textEvents(answer, item, index) : callEvents(item, index),
    );
    const status = finalStatus(answer);
    const events: readonly NumberedEvent[] = [
      { type: 'response.created', response: started },
      { type: 'response.in_progress', response: started },
      ...items,
      {
        type: status === 'completed' ? 'response.completed' : 'response.incomplete',
        response: { ...response(answer, status), output: outputItems(answer, body), usage: usage(answer) },
      },
    ];
    return events.map((data, sequence_number) => ({ event: data.type, data: { ...data, sequence_number } }));
  },

  writeRefusal: openAiError,

  writeStreamError(message): SentEvent {
    return {
      event: 'error',
      data: { type: 'error', code: 'server_error', message, param: null, sequence_number: 999 },
    };
  },
};

type NumberedEvent = JsonObject & { readonly type: string };

/** Tools may be grouped; scripts know one of a group by both names, as in `group__tool`. */
function namespaced(tool: JsonObject): readonly JsonObject[] {
  if (tool.type !== 'namespace') return [];
  const inner = listAt(tool.tools ?? [], 'tools').filter(isObject);
  return inner.map((one) => ({ ...one, name: joined(tool.name, String(one.name)) }));
}

function joined(namespace: unknown, name: string): string {
  return typeof namespace === 'string' && namespace !== '' ? `${namespace}__${name}` : name;
}

function apart(name: string, body: JsonObject): { readonly name: string; readonly namespace?: string } {
  const groups = listAt(body.tools ?? [], 'tools')
    .filter(isObject)
    .filter((tool) => tool.type === 'namespace');
  for (const group of groups) {
    const namespace = String(group.name);
    if (namespaced(group).some((tool) => tool.name === name))
      return { namespace, name: name.slice(namespace.length + 2) };
  }
  return { name };
}

/** Consecutive function calls stay separate messages: the API has no message around them. */
function readItem(item: JsonObject, where: string): readonly CodecMessage[] {
  switch (item.type ?? 'message') {
    case 'message': {
      const role = item.role;
      if (role !== 'user' && role !== 'assistant') throw new MalformedRequest(`${where}.role: ${String(role)}`);
      return [{ role, text: textOfParts(item.content, ['input_text', 'output_text'], `${where}.content`) }];
    }
    case 'function_call': {
      const input = parseArguments(textAt(item.arguments, `${where}.arguments`), where);
      const name = joined(item.namespace, textAt(item.name, `${where}.name`));
      const call = { id: textAt(item.call_id, `${where}.call_id`), name, input };
      return [{ role: 'assistant', toolCalls: [call] }];
    }
    case 'function_call_output': {
      const text = textOfParts(item.output, ['input_text'], `${where}.output`);
      return [{ role: 'user', toolResults: [{ callId: textAt(item.call_id, `${where}.call_id`), text }] }];
    }
    case 'reasoning':
    case 'configuration_update':
      return [];
    case 'item_reference':
      throw new MalformedRequest(`Item with id '${String(item.id)}' not found. Items are not persisted.`);
    default:
      throw new MalformedRequest(`${where}.type: unexpected ${String(item.type)}`);
  }
}

type OutputItem = JsonObject & { readonly id: string } & (
    | { readonly type: 'message' }
    | { readonly type: 'function_call'; readonly arguments: string }
  );

function outputItems(answer: CompleteAnswer, body: JsonObject): readonly OutputItem[] {
  return [
    ...(answer.text === ''
      ? []
      : [
          {
            type: 'message' as const,
            id: `msg_${answer.id}`,
            status: 'completed',
            role: 'assistant',
            content: [{ type: 'output_text', text: answer.text, annotations: [], logprobs: [] }],
          },
        ]),
    ...answer.toolCalls.map((call) => ({
      type: 'function_call' as const,
      id: `fc_${call.id}`,
      call_id: call.id,
      ...apart(call.name, body),
      arguments: JSON.stringify(call.input),
      status: 'completed',
    })),
  ];
}

function textEvents(answer: CompleteAnswer, item: OutputItem, output_index: number): readonly NumberedEvent[] {
  const at = { item_id: item.id, output_index, content_index: 0 };
  const part = { type: 'output_text', text: answer.text, annotations: [], logprobs: [] };
  return [
    { type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    ...toPieces(answer.text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...at, text: answer.text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part },
    { type: 'response.output_item.done', output_index, item },
  ];
}

function callEvents(
  item: Extract<OutputItem, { type: 'function_call' }>,
  output_index: number,
): readonly NumberedEvent[] {
  const at = { item_id: item.id, output_index };
  return [
    { type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', arguments: '' } },
    ...toFragments(item.arguments).map((delta) => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
    { type: 'response.function_call_arguments.done', ...at, arguments: item.arguments },
    { type: 'response.output_item.done', output_index, item },
  ];
}

type ResponseStatus = 'in_progress' | 'completed' | 'incomplete';

function finalStatus(answer: CompleteAnswer): ResponseStatus {
  return answer.stop === 'finished' ? 'completed' : 'incomplete';
}

function response(answer: CompleteAnswer, status: ResponseStatus): JsonObject {
  const reason = answer.stop === 'length' ? 'max_output_tokens' : 'content_filter';
  return {
    id: `resp_${answer.id}`,
    object: 'response',
    created_at: 1,
    status,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason } : null,
    model: answer.model,
    output: [],
    parallel_tool_calls: true,
    store: false,
    usage: null,
  };
}

function usage(answer: CompleteAnswer): JsonObject {
  const { inputTokens, outputTokens } = answer.usage;
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
}
