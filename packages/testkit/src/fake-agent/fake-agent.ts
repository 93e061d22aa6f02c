import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '../wait-for.js';

/** One request as it arrived. */
export interface AgentRequest {
  readonly method: string;
  readonly messageId: string | null;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage['headers'];
}

/** What the agent does with a message. Whoever answers remembers nothing; see `remember`. */
export type Behaviour =
  | { readonly kind: 'answer'; readonly text: string }
  | {
      readonly kind: 'json';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Record<string, string>;
    }
  | { readonly kind: 'raw'; readonly status: number; readonly contentType: string; readonly body: string }
  /** Server-sent events: the words one by one, then the end. */
  | {
      readonly kind: 'stream';
      readonly words: readonly string[];
      readonly dialect?: '0.3' | '1.0';
      /** The end is sent only when `release()` is called. */
      readonly holdsEnd?: boolean;
    }
  /** Streams the words and then cuts the connection. */
  | { readonly kind: 'stream_then_die'; readonly words: readonly string[] }
  | { readonly kind: 'busy'; readonly retryAfterSeconds?: number }
  /** Accepts the request and answers only when `release()` is called. */
  | { readonly kind: 'hold'; readonly text: string }
  /** Accepts the request and cuts the connection without a byte. */
  | { readonly kind: 'die' }
  /** Sends headers and half a body, then cuts the connection. */
  | { readonly kind: 'die_mid_answer' }
  /** Sends bytes without end. */
  | { readonly kind: 'flood' }
  | { readonly kind: 'redirect'; readonly to: string };

export interface FakeAgent {
  readonly url: string;
  /** Requests that carried a message, in order of arrival. */
  readonly received: readonly AgentRequest[];
  /** Ids that were asked for by tasks/get. */
  readonly asked: readonly string[];
  /** Applies to messages from now on; a function decides per message. */
  behave(behaviour: Behaviour | ((request: AgentRequest) => Behaviour)): void;
  /** Answers of `tasks/get` by message id; ids it was not told about are unknown. */
  remember(messageId: string, state: 'working' | 'completed' | 'failed', text?: string): void;
  /** How `tasks/get` is answered at all. Default `tasks`: like our own runtime. */
  answerQuestions(how: 'tasks' | 'method_not_found' | 'cut'): void;
  /** Lets every held request be answered. */
  release(): void;
  /** Ids of the messages that nobody has answered yet and somebody still waits for. */
  waiting(): readonly string[];
  /** Resolves once `count` messages have arrived. */
  receivedCount(count: number): Promise<void>;
  /** Stops listening and cuts what is open; the port is refused from then on. */
  close(): Promise<void>;
}

/** An A2A agent on a free port of the loopback interface that behaves as it is told, well or badly. */
export async function createFakeAgent(initial: Behaviour = { kind: 'answer', text: 'hello' }): Promise<FakeAgent> {
  const received: AgentRequest[] = [];
  const asked: string[] = [];
  const tasks = new Map<string, { state: string; text: string }>();
  let behaviour: Behaviour | ((request: AgentRequest) => Behaviour) = initial;
  let questions: 'tasks' | 'method_not_found' | 'cut' = 'tasks';
  let held: (() => void)[] = [];
  const open = new Map<ServerResponse, string>();

  const server = createServer((request, response) => {
    read(request).then(
      (body) => {
        const rpc = toRequest(body, request.headers);
        if (rpc.method === 'tasks/get') answerQuestion(rpc, response);
        else answer(rpc, response);
      },
      // The sender went away half-way, or sent no JSON: an agent would drop it too.
      () => response.destroy(),
    );
  });

  const answerQuestion = (rpc: AgentRequest, response: ServerResponse): void => {
    const id = idOf(rpc.body.params);
    asked.push(id);
    if (questions === 'cut') {
      response.destroy();
      return;
    }
    const task = tasks.get(id);
    if (questions === 'method_not_found') {
      sendJson(response, 200, failure(rpc, -32601, 'Method not found'));
    } else if (!task) {
      sendJson(response, 200, failure(rpc, -32001, 'Task not found'));
    } else {
      sendJson(response, 200, success(rpc, toTask(id, task.state, task.text)));
    }
  };

  const answer = (rpc: AgentRequest, response: ServerResponse): void => {
    received.push(rpc);
    if (rpc.messageId !== null) open.set(response, rpc.messageId);
    response.once('close', () => open.delete(response));
    perform(typeof behaviour === 'function' ? behaviour(rpc) : behaviour, rpc, response);
  };

  const perform = (doing: Behaviour, rpc: AgentRequest, response: ServerResponse): void => {
    switch (doing.kind) {
      case 'answer':
        sendJson(response, 200, success(rpc, toMessage(rpc, doing.text)));
        return;
      case 'json':
        for (const [name, value] of Object.entries(doing.headers ?? {})) response.setHeader(name, value);
        sendJson(response, doing.status, doing.body);
        return;
      case 'raw':
        response.writeHead(doing.status, { 'content-type': doing.contentType });
        response.end(doing.body);
        return;
      case 'stream':
      case 'stream_then_die': {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const dialect = doing.kind === 'stream' ? (doing.dialect ?? '0.3') : '0.3';
        const events = toEvents(rpc, doing.words, dialect, doing.kind === 'stream');
        const send = (event: unknown) => response.write(`data: ${JSON.stringify(success(rpc, event))}\n\n`);
        if (doing.kind === 'stream' && doing.holdsEnd) {
          for (const event of events.slice(0, -1)) send(event);
          held.push(() => {
            send(events.at(-1));
            response.end();
          });
          return;
        }
        for (const event of events) send(event);
        if (doing.kind === 'stream') response.end();
        else setImmediate(() => response.destroy());
        return;
      }
      case 'busy':
        response.setHeader('retry-after', String(doing.retryAfterSeconds ?? 1));
        sendJson(response, 503, {
          ...failure(rpc, -32000, 'busy'),
          error: { code: -32000, message: 'busy', data: { busy: true } },
        });
        return;
      case 'hold':
        held.push(() => sendJson(response, 200, success(rpc, toMessage(rpc, doing.text))));
        return;
      case 'die':
        response.destroy();
        return;
      case 'die_mid_answer':
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"jsonrpc":"2.0",');
        setImmediate(() => response.destroy());
        return;
      case 'flood':
        response.writeHead(200, { 'content-type': 'application/json' });
        flood(response);
        return;
      case 'redirect':
        response.writeHead(307, { location: doing.to });
        response.end();
        return;
      default:
        doing satisfies never;
    }
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo; // A TCP server that listens has one.
  return {
    url: `http://127.0.0.1:${port}/`,
    received,
    asked,
    behave(next) {
      behaviour = next;
    },
    remember: (messageId, state, text = '') => void tasks.set(messageId, { state, text }),
    answerQuestions(how) {
      questions = how;
    },
    release() {
      for (const answerHeld of held) answerHeld();
      held = [];
    },
    waiting: () => [...open.values()],
    async receivedCount(count) {
      await waitFor(() => received.length >= count, { what: `the agent to receive ${count} messages` });
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
}

function toRequest(body: Record<string, unknown>, headers: IncomingMessage['headers']): AgentRequest {
  const params = body.params as { message?: { messageId?: string; parts?: { text?: string }[] } } | undefined;
  return {
    method: String(body.method),
    messageId: params?.message?.messageId ?? null,
    text: (params?.message?.parts ?? []).map((part) => part.text ?? '').join(''),
    body,
    headers,
  };
}

function idOf(params: unknown): string {
  return typeof params === 'object' && params !== null ? String(Reflect.get(params, 'id')) : '';
}

function success(rpc: AgentRequest, result: unknown) {
  return { jsonrpc: '2.0', id: rpc.body.id ?? null, result };
}

function failure(rpc: AgentRequest, code: number, message: string) {
  return { jsonrpc: '2.0', id: rpc.body.id ?? null, error: { code, message } };
}

function toMessage(rpc: AgentRequest, text: string) {
  return { kind: 'message', role: 'agent', messageId: `${rpc.messageId}:reply`, parts: [{ kind: 'text', text }] };
}

function toTask(id: string, state: string, text: string) {
  const artifacts = text === '' ? [] : [{ artifactId: 'answer', parts: [{ kind: 'text', text }] }];
  return { kind: 'task', id, contextId: id, status: { state }, artifacts };
}

function toEvents(rpc: AgentRequest, words: readonly string[], dialect: '0.3' | '1.0', ends: boolean): unknown[] {
  const taskId = `${rpc.messageId}-task`;
  const ids = { taskId, contextId: taskId };
  const artifact = (text: string) => ({
    artifactId: 'answer',
    parts: [dialect === '1.0' ? { text } : { kind: 'text', text }],
  });
  if (dialect === '1.0') {
    return [
      { task: { id: taskId, contextId: taskId, status: { state: 'TASK_STATE_WORKING' } } },
      ...words.map((text, index) => ({ artifactUpdate: { ...ids, artifact: artifact(text), append: index > 0 } })),
      ...(ends ? [{ statusUpdate: { ...ids, status: { state: 'TASK_STATE_COMPLETED' } } }] : []),
    ];
  }
  return [
    { kind: 'task', id: taskId, contextId: taskId, status: { state: 'working' } },
    ...words.map((text, index) => ({ kind: 'artifact-update', ...ids, artifact: artifact(text), append: index > 0 })),
    ...(ends ? [{ kind: 'status-update', ...ids, status: { state: 'completed' }, final: true }] : []),
  ];
}

function flood(response: ServerResponse): void {
  const chunk = 'x'.repeat(64 * 1024);
  const push = (): void => {
    while (!response.destroyed && response.write(chunk)) {
      // Goes on until the socket's buffer is full; 'drain' continues.
    }
  };
  response.on('drain', push);
  push();
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
