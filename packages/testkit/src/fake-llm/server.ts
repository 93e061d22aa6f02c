import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { anthropicCodec } from './anthropic.codec.js';
import { behaviours, type LlmBehaviour } from './behaviours.js';
import { chatCodec } from './chat.codec.js';
import type { Codec, CompleteAnswer, SentEvent } from './codec.js';
import { type LlmRequest, toRequest } from './conversation.js';
import { isObject, type JsonObject, MalformedRequest } from './json.js';
import { responsesCodec } from './responses.codec.js';
import { isRefusal, type LlmAnswer, type LlmRefusal, type LlmReply, type LlmScript } from './script.js';

const CODECS: readonly Codec[] = [anthropicCodec, responsesCodec, chatCodec];
const BODY_BYTES_MAX = 8 * 1024 * 1024;

export interface FakeLlm {
  /** `http://127.0.0.1:<port>`: what ANTHROPIC_BASE_URL takes. */
  readonly url: string;
  /** `url` + `/v1`: what OPENAI_BASE_URL takes. */
  readonly openAiUrl: string;
  /** Every well-formed request, in order of arrival. */
  readonly requests: readonly LlmRequest[];
  /** What the script threw; a test that expects a clean run asserts that this is empty. */
  readonly scriptErrors: readonly unknown[];
  /** How many requests are being answered or held open now. */
  openRequests(): number;
  /** Ends everything, half-open responses included. May be repeated. */
  close(): Promise<void>;
}

/**
 * Starts a server on 127.0.0.1 (a free port unless `port` is given) that speaks Anthropic Messages, OpenAI Responses and
 * chat completions, with the same script behind all three. The first two demand a credential, as the real ones do; chat
 * completions do not, because local model servers run without one.
 */
export async function createFakeLlm(options: { script: LlmScript | LlmBehaviour; port?: number }): Promise<FakeLlm> {
  const script = typeof options.script === 'string' ? behaviours[options.script] : options.script;
  const requests: LlmRequest[] = [];
  const scriptErrors: unknown[] = [];
  let answered = 0;
  let open = 0;

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const codec = CODECS.find((candidate) => candidate.path === incoming.url?.split('?')[0]);
    if (codec === undefined || incoming.method !== 'POST') {
      sendJson(outgoing, 404, { error: { message: `No such endpoint: ${incoming.method} ${incoming.url}` } });
      return;
    }
    const apiKey = credentialOf(incoming);
    if (apiKey === null && codec.api !== 'chat') {
      sendRefusal(outgoing, codec, { status: 401, error: { message: 'A credential is required' } });
      return;
    }
    let body: JsonObject;
    let request: LlmRequest;
    try {
      body = await readBody(incoming);
      request = toRequest(codec.api, codec.readRequest(body), body, apiKey);
    } catch (error) {
      if (!(error instanceof MalformedRequest)) throw error;
      sendRefusal(outgoing, codec, { status: 400, error: { message: error.message } });
      return;
    }
    requests.push(request);
    let reply: LlmReply;
    try {
      reply = await script(request);
    } catch (error) {
      scriptErrors.push(error);
      reply = {
        status: 500,
        error: { message: `The script failed: ${String(error)}` },
        headers: { 'x-should-retry': 'false' },
      };
    }
    if (isRefusal(reply)) {
      sendRefusal(outgoing, codec, reply);
      return;
    }
    answered += 1;
    await sendAnswer(outgoing, codec, reply, completeAnswer(reply, request, answered), request);
  }

  const server = createServer((incoming, outgoing) => {
    open += 1;
    outgoing.once('close', () => {
      open -= 1;
    });
    handle(incoming, outgoing).catch((error: unknown) => {
      scriptErrors.push(error);
      outgoing.destroy();
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The fake LLM has no TCP address');
  const url = `http://127.0.0.1:${address.port}`;

  return {
    url,
    openAiUrl: `${url}/v1`,
    requests,
    scriptErrors,
    openRequests: () => open,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function sendAnswer(
  outgoing: ServerResponse,
  codec: Codec,
  reply: LlmAnswer,
  answer: CompleteAnswer,
  request: LlmRequest,
): Promise<void> {
  if (reply.delayMs !== undefined) await delay(reply.delayMs);
  const events = request.stream ? codec.writeEvents(answer, request.body) : [];
  const fault = reply.fault;
  const sent = fault === undefined ? events : events.slice(0, fault.afterEvents);
  if (fault !== undefined && sent.length === 0) {
    if (fault.kind === 'stall') return;
    if (fault.kind === 'cut') {
      outgoing.destroy();
      return;
    }
  }
  if (!request.stream) {
    sendJson(outgoing, 200, codec.writeAnswer(answer, request.body));
    return;
  }
  outgoing.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  for (const [index, event] of sent.entries()) {
    if (index > 0 && reply.eventDelayMs !== undefined) await delay(reply.eventDelayMs);
    if (outgoing.destroyed) return;
    await write(outgoing, event);
  }
  switch (fault?.kind) {
    case 'stall':
      return;
    case 'cut':
      outgoing.destroy();
      return;
    case 'error':
      await write(outgoing, codec.writeStreamError(fault.message ?? 'The model failed while answering'));
      outgoing.end();
      return;
    case 'end':
    case undefined:
      outgoing.end();
  }
}

/** Waits until the bytes left this process, so that a later cut really comes after the events before it. */
function write(outgoing: ServerResponse, { event, data }: SentEvent): Promise<void> {
  const text = data === '[DONE]' ? data : JSON.stringify(data);
  return new Promise((resolve) => {
    outgoing.write(`${event === null ? '' : `event: ${event}\n`}data: ${text}\n\n`, () => resolve());
  });
}

function completeAnswer(reply: LlmAnswer, request: LlmRequest, ordinal: number): CompleteAnswer {
  const id = `fake${ordinal}`;
  return {
    id,
    model: request.model,
    text: reply.text ?? '',
    toolCalls: (reply.toolCalls ?? []).map((call, index) => ({ id: `call_${ordinal}_${index}`, ...call })),
    usage: reply.usage ?? { inputTokens: 10, outputTokens: 5 },
    stop: reply.stop ?? 'finished',
  };
}

function credentialOf(incoming: IncomingMessage): string | null {
  const key = incoming.headers['x-api-key'];
  if (typeof key === 'string' && key !== '') return key;
  return incoming.headers.authorization?.match(/^Bearer (\S+)$/)?.[1] ?? null;
}

async function readBody(incoming: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    const buffer: Buffer = chunk;
    bytes += buffer.length;
    if (bytes > BODY_BYTES_MAX) throw new MalformedRequest(`The body is larger than ${BODY_BYTES_MAX} bytes`);
    chunks.push(buffer);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new MalformedRequest('The body is not JSON');
  }
  if (!isObject(parsed)) throw new MalformedRequest('The body is not a JSON object');
  return parsed;
}

function sendRefusal(outgoing: ServerResponse, codec: Codec, refusal: LlmRefusal): void {
  sendJson(outgoing, refusal.status, codec.writeRefusal(refusal), refusal.headers);
}

function sendJson(
  outgoing: ServerResponse,
  status: number,
  body: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): void {
  outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
  outgoing.end(JSON.stringify(body));
}
