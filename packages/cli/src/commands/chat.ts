import type { Workspace } from '@molecule/contract';
import { failureOfReply, hear, type StreamedReply, silentReply, textOfReply, textSoFar } from '@molecule/contract/a2a';
import { ApiError, type Client } from '@molecule/contract/client';
import { nowMs, sleep } from '../clock.js';
import { type Command, type Context, type Outcome, RefusedError, TimeoutError, UsageError } from '../command.js';
import { findWorkspace } from '../find-workspace.js';
import { createMessageId } from '../random.js';
import { readEvents } from '../sse.js';

const DEFAULT_TIMEOUT_SECONDS = 600;
const POLL_MS = 700;

export const chat: Command = {
  path: ['chat'],
  args: [
    { name: 'name', required: true },
    { name: 'message', required: true },
  ],
  flags: { timeout: { kind: 'text', describe: `seconds to wait for the answer (default ${DEFAULT_TIMEOUT_SECONDS})` } },
  summary: 'Send a message to a workspace and print its answer as it comes',
  async run(context) {
    const { args, flags, client } = context;
    const timeoutSeconds = flags.timeout === undefined ? DEFAULT_TIMEOUT_SECONDS : Number(flags.timeout);
    if (!(timeoutSeconds > 0)) throw new UsageError('--timeout takes a number of seconds above 0');
    const connection = await client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const messageId = createMessageId();
    const deadline = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
    const response = await connection.open(
      'sendMessage',
      { params: { id: workspace.id }, body: toEnvelope(messageId, args[1] ?? '') },
      { signal: deadline, timeoutMs: 0 },
    );
    const type = response.headers.get('content-type') ?? '';
    if (response.ok && type.includes('text/event-stream')) return stream(context, workspace, messageId, response);
    const body: unknown = await response.json().catch(() => null);
    if (response.status === 202) {
      context.say(`${workspace.name} is not free yet; the message is recorded. Waiting for the answer …`);
      return waitForAnswer(context, connection, workspace, messageId, timeoutSeconds * 1000);
    }
    if (!response.ok) throw new ApiError(response.status, body, null);
    return finish(workspace, messageId, textOfReply(body), failureOfReply(body));
  },
};

function toEnvelope(messageId: string, text: string): Record<string, unknown> {
  const message = { kind: 'message', role: 'user', messageId, parts: [{ kind: 'text', text }] };
  return { jsonrpc: '2.0', id: messageId, method: 'message/stream', params: { message } };
}

async function stream(context: Context, workspace: Workspace, messageId: string, response: Response): Promise<Outcome> {
  let reply: StreamedReply = silentReply;
  let printed = '';
  for await (const data of readEvents(response)) {
    reply = hear(reply, JSON.parse(data));
    const text = textSoFar(reply);
    // An agent may replace what it said; then the whole is printed once more at the end.
    if (text.startsWith(printed)) {
      context.write(text.slice(printed.length));
      printed = text;
    }
  }
  const text = textSoFar(reply);
  const shown = text === printed && printed !== '';
  if (shown) context.write('\n');
  const outcome = finish(workspace, messageId, text, reply.outcome === 'failed' ? reply.failure : null);
  return shown ? { ...outcome, text: '' } : outcome;
}

function finish(workspace: Workspace, messageId: string, text: string, failure: string | null): Outcome {
  if (failure !== null)
    throw new RefusedError(`${workspace.name} could not answer: ${failure}`, `molecule logs ${workspace.name}`);
  return { data: { workspace_id: workspace.id, message_id: messageId, text }, text };
}

/** The answer to a message that was put in the queue arrives as a row of the activity log. */
async function waitForAnswer(
  context: Context,
  connection: Client,
  workspace: Workspace,
  messageId: string,
  timeoutMs: number,
): Promise<Outcome> {
  const started = nowMs();
  while (!context.signal.aborted && nowMs() - started < timeoutMs) {
    const { body } = await connection.call('listActivity', {
      params: { id: workspace.id },
      query: { type: 'a2a_receive', limit: 50 },
    });
    const row = body.find((activity) => activity.message_id === messageId);
    if (row?.status === 'error') {
      throw new RefusedError(
        `${workspace.name} could not answer: ${row.error_detail ?? 'no reason given'}`,
        `molecule logs ${workspace.name}`,
      );
    }
    if (row?.response_body !== undefined) {
      return finish(workspace, messageId, textOfReply(row.response_body), failureOfReply(row.response_body));
    }
    await sleep(POLL_MS, context.signal);
  }
  throw new TimeoutError(
    `no answer from ${workspace.name} yet; the message stays recorded and will be answered (message ${messageId})`,
  );
}
