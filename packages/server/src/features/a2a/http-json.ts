import {
  AgentCard,
  CancelTaskRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  ListTasksResponse,
  Message,
  SendMessageRequest,
  StreamResponse,
  Task,
  TaskPushNotificationConfig,
} from '@a2a-js/sdk';
import {
  RequestMalformedError,
  restStatusFor,
  TaskNotFoundError,
  toRestErrorBody,
  UnsupportedOperationError,
  VersionNotSupportedError,
} from '@a2a-js/sdk/errors';
import { ServerCallContext } from '@a2a-js/sdk/server';
import { isJsonObject } from '../../proxy/json.js';
import { isSupported } from './json-rpc.js';
import { Refusal } from './refusal.js';
import type { Operations } from './request-handler.js';

type Query = Readonly<Record<string, string | undefined>>;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the endpoint: `tasks/1:cancel`. */
  readonly operation: string;
  readonly query: Query;
  readonly body: unknown;
  readonly version: string | null;
}

export type HttpAnswer =
  | {
      readonly kind: 'single';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** Undefined: none. */
      readonly body: unknown;
    }
  | { readonly kind: 'stream'; readonly events: AsyncGenerator<HttpEvent, void, undefined> };

export interface HttpEvent {
  /** The stream breaks off here. */
  readonly isError: boolean;
  readonly data: unknown;
}

/** One request of the HTTP+JSON binding (A2A 1.0 §11). */
export async function answerHttp(operations: Operations, request: HttpRequest): Promise<HttpAnswer> {
  try {
    if (!isSupported(request.version)) {
      throw new VersionNotSupportedError(`A2A version ${request.version} is not supported; use 1.0.`);
    }
    const found = await perform(operations, request);
    if (!('events' in found)) return { kind: 'single', status: found.status ?? 200, headers: {}, body: found.body };
    // Awaited before any header is sent: a refusal is then an ordinary answer.
    const first = await found.events.next();
    if (first.done) throw new UnsupportedOperationError('There is nothing to stream.');
    return { kind: 'stream', events: eventsOf(first.value, found.events) };
  } catch (error) {
    const { status, headers, body } = toFailure(error);
    return { kind: 'single', status, headers, body };
  }
}

type Performed =
  | { readonly status?: number; readonly body: unknown }
  | { readonly events: AsyncGenerator<StreamResponse, void, undefined> };

const TASK = /^tasks\/([^/:]+)$/;
const TASK_VERB = /^tasks\/([^/:]+):(cancel|subscribe)$/;
const CONFIGS = /^tasks\/([^/:]+)\/pushNotificationConfigs(?:\/([^/]+))?$/;

async function perform({ handler }: Operations, request: HttpRequest): Promise<Performed> {
  const { method, operation, query } = request;
  const context = new ServerCallContext({ requestedVersion: request.version ?? '1.0' });
  const body = isJsonObject(request.body) ? request.body : {};

  if (method === 'POST' && operation === 'message:send') {
    const answer = await handler.sendMessage(SendMessageRequest.fromJSON(body), context);
    return {
      body: 'messageId' in answer ? { message: Message.toJSON(answer) } : { task: Task.toJSON(answer) },
    };
  }
  if (method === 'POST' && operation === 'message:stream') {
    return { events: handler.sendMessageStream(SendMessageRequest.fromJSON(body), context) };
  }
  if (method === 'GET' && operation === 'extendedAgentCard') {
    return { body: AgentCard.toJSON(await handler.getAuthenticatedExtendedAgentCard({ tenant: '' }, context)) };
  }
  if (method === 'GET' && operation === 'tasks') {
    const params = ListTasksRequest.fromJSON(fromQuery(query, ['pageSize', 'historyLength'], ['includeArtifacts']));
    const json = ListTasksResponse.toJSON(await handler.listTasks(params, context));
    // The SDK leaves out what is empty; the protocol says that these are there.
    return { body: { tasks: [], nextPageToken: '', pageSize: 0, totalSize: 0, ...(json as object) } };
  }
  const task = TASK.exec(operation)?.[1];
  if (method === 'GET' && task !== undefined) {
    const params = GetTaskRequest.fromJSON({ ...fromQuery(query, ['historyLength']), id: decoded(task) });
    return { body: Task.toJSON(await handler.getTask(params, context)) };
  }
  const [, subject, verb] = TASK_VERB.exec(operation) ?? [];
  if (subject !== undefined && verb === 'cancel' && method === 'POST') {
    const params = CancelTaskRequest.fromJSON({ ...body, id: decoded(subject) });
    return { body: Task.toJSON(await handler.cancelTask(params, context)) };
  }
  if (subject !== undefined && verb === 'subscribe' && method !== 'DELETE') {
    return { events: handler.resubscribe({ tenant: '', id: decoded(subject) }, context) };
  }
  const [, taskId, id] = CONFIGS.exec(operation) ?? [];
  if (taskId !== undefined) return performOnConfigs(handler, request, { taskId: decoded(taskId), id }, context);
  throw new OperationUnknownError(`${method} ${operation} is no operation of the A2A HTTP+JSON binding.`);
}

async function performOnConfigs(
  handler: Operations['handler'],
  { method, query, body }: HttpRequest,
  { taskId, id }: { readonly taskId: string; readonly id: string | undefined },
  context: ServerCallContext,
): Promise<Performed> {
  const named = { tenant: '', taskId, id: id === undefined ? '' : decoded(id) };
  if (method === 'POST' && id === undefined) {
    const given = TaskPushNotificationConfig.fromJSON({ ...(isJsonObject(body) ? body : {}), taskId });
    const made = await handler.createTaskPushNotificationConfig(given, context);
    return { body: TaskPushNotificationConfig.toJSON(made) };
  }
  if (method === 'GET' && id === undefined) {
    const params = ListTaskPushNotificationConfigsRequest.fromJSON({ ...fromQuery(query, ['pageSize']), taskId });
    const list = await handler.listTaskPushNotificationConfigs(params, context);
    return { body: { configs: [], ...(ListTaskPushNotificationConfigsResponse.toJSON(list) as object) } };
  }
  if (method === 'GET') {
    return { body: TaskPushNotificationConfig.toJSON(await handler.getTaskPushNotificationConfig(named, context)) };
  }
  if (method === 'DELETE' && id !== undefined) {
    await handler.deleteTaskPushNotificationConfig(named, context);
    return { status: 204, body: undefined };
  }
  throw new OperationUnknownError(`${method} is not defined for push notification configurations.`);
}

class OperationUnknownError extends UnsupportedOperationError {}

/** A parameter that was not sent is absent, never an empty value; what is no number is refused. */
function fromQuery(query: Query, numbers: readonly string[], flags: readonly string[] = []): object {
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(query)) {
    if (text === undefined) continue;
    if (numbers.includes(name)) {
      if (!/^-?\d{1,9}$/.test(text)) throw new RequestMalformedError(`${name} must be an integer.`);
      values[name] = Number(text);
    } else {
      values[name] = flags.includes(name) ? text === 'true' : text;
    }
  }
  return values;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new TaskNotFoundError(`Task not found: ${segment}`);
  }
}

async function* eventsOf(
  first: StreamResponse,
  rest: AsyncGenerator<StreamResponse, void, undefined>,
): AsyncGenerator<HttpEvent, void, undefined> {
  try {
    yield { isError: false, data: StreamResponse.toJSON(first) };
    for await (const event of rest) yield { isError: false, data: StreamResponse.toJSON(event) };
  } catch (error) {
    yield { isError: true, data: toFailure(error).body };
  }
}

function toFailure(error: unknown): { status: number; headers: Readonly<Record<string, string>>; body: unknown } {
  if (error instanceof Refusal) {
    const { httpStatus: status, httpHeaders: headers, message, details } = error;
    return { status, headers, body: { error: { code: status, status: statusName(status), message, details } } };
  }
  const status = error instanceof OperationUnknownError ? 404 : restStatusFor(error);
  return { status, headers: {}, body: toRestErrorBody(error, status) };
}

/** The names of google.rpc for statuses that this server's own refusals have. */
function statusName(status: number): string {
  const names: Readonly<Record<number, string>> = {
    400: 'INVALID_ARGUMENT',
    401: 'UNAUTHENTICATED',
    402: 'RESOURCE_EXHAUSTED',
    403: 'PERMISSION_DENIED',
    404: 'NOT_FOUND',
    409: 'ABORTED',
    429: 'RESOURCE_EXHAUSTED',
    503: 'UNAVAILABLE',
    504: 'DEADLINE_EXCEEDED',
  };
  return names[status] ?? (status < 500 ? 'FAILED_PRECONDITION' : 'INTERNAL');
}
