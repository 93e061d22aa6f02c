import { createHash } from 'node:crypto';
import type { Delegation } from '@molecule/contract';
import type { PlatformReply } from '../../platform/platform-client.js';
import {
  type ConnectedWorkspace,
  describe,
  fail,
  say,
  sayJson,
  sourceFor,
  type Tool,
  type ToolAnswer,
  type ToolCall,
  type ToolEnvironment,
  ToolError,
  text,
} from './tool.js';

const LONG_POLL_SECONDS = 25;
const LONG_POLL_TIMEOUT_MS = 40_000;
const LISTED = 10;

const target = {
  workspace_id: { type: 'string', description: 'id of the peer, from list_peers' },
  task: { type: 'string', description: 'what to do, with everything the peer needs to know' },
};

export const delegateTask: Tool = {
  name: 'delegate_task',
  description:
    'Give a task to a peer and wait for the outcome. After 30 seconds it answers that the task is still running, with its task_id for check_task_status.',
  properties: target,
  required: ['workspace_id', 'task'],
  hasSource: true,
  async run(call, environment) {
    const { peerId, task } = readTarget(call);
    const source = sourceFor(call, environment, peerId);
    const name = await discover(source, peerId, call.signal);
    const submitted = await submit(source, peerId, task, environment.random.uuid(), call.signal);
    if (submitted.kind !== 'ok') return failed(name, describe(submitted));
    environment.sourceOfPeer.set(peerId, source.id);
    const ended = await waitForEnd(source, submitted.value, environment, call.signal);
    if (ended === null) {
      return say(
        `still running, task_id=${submitted.value} — the task goes on. Ask check_task_status with this task_id later; the outcome also arrives in your inbox.`,
      );
    }
    if ('reason' in ended) return failed(name, ended.reason);
    return say(ended.text);
  },
};

export const delegateTaskAsync: Tool = {
  name: 'delegate_task_async',
  description:
    'Give a task to a peer and go on at once. The outcome arrives in your inbox; check_task_status asks for it. Giving the same task to the same peer again is the same delegation.',
  properties: target,
  required: ['workspace_id', 'task'],
  hasSource: true,
  async run(call, environment) {
    const { peerId, task } = readTarget(call);
    const source = sourceFor(call, environment, peerId);
    const key = createHash('sha256').update(`${source.id}:${peerId}:${task}`).digest('hex').slice(0, 32);
    const submitted = await submit(source, peerId, task, key, call.signal);
    if (submitted.kind !== 'ok') return fail(`Error: ${describe(submitted)}`);
    environment.sourceOfPeer.set(peerId, source.id);
    return sayJson({
      delegation_id: submitted.value,
      workspace_id: peerId,
      status: 'delegated',
      note: 'The outcome arrives in your inbox. check_task_status with this delegation_id as task_id asks for it.',
    });
  },
};

export const checkTaskStatus: Tool = {
  name: 'check_task_status',
  description: 'How a task stands that was given to a peer; without task_id the newest ten.',
  properties: {
    workspace_id: { type: 'string', description: 'id of the peer (not needed)' },
    task_id: { type: 'string', description: 'delegation_id or task_id of the task; empty lists the newest' },
  },
  required: ['workspace_id', 'task_id'],
  hasSource: true,
  async run(call, environment) {
    const source = sourceFor(call, environment, text(call.args, 'workspace_id') || null);
    const id = text(call.args, 'task_id');
    if (id === '') return list(source, call.signal);
    if (!/^[0-9a-fA-F-]{36}$/.test(id)) return sayJson({ status: 'not_found', delegation_id: id });
    const reply = await ask(source, id, 0, call.signal);
    if (reply.kind === 'refused' && reply.status === 404) return sayJson({ status: 'not_found', delegation_id: id });
    if (reply.kind !== 'ok') return fail(`Error: ${describe(reply)}`);
    const { delegation_id, target_id, status, task_preview, result, result_preview, error_detail } = reply.value;
    return sayJson({
      delegation_id,
      target_id,
      status,
      summary: task_preview,
      ...(result_preview === undefined ? {} : { response_preview: result_preview }),
      ...(result === undefined ? {} : { response: result.text }),
      ...(error_detail === undefined ? {} : { error: error_detail }),
    });
  },
};

async function list(source: ConnectedWorkspace, signal: AbortSignal): Promise<ToolAnswer> {
  const reply = await source.client.attempt((api) =>
    api.call('listDelegations', { params: { id: source.id }, query: { limit: LISTED } }, { signal }),
  );
  if (reply.kind !== 'ok') return fail(`Error: ${describe(reply)}`);
  const delegations = reply.value.body.slice(0, LISTED).map((row) => ({
    delegation_id: row.delegation_id ?? row.id,
    target_id: row.target_id,
    status: row.status,
    summary: row.summary,
    ...(row.response_preview === undefined ? {} : { response_preview: row.response_preview }),
  }));
  return sayJson({ delegations, count: delegations.length });
}

function readTarget({ args }: ToolCall): { peerId: string; task: string } {
  const peerId = text(args, 'workspace_id').toLowerCase();
  const task = text(args, 'task');
  if (peerId === '' || task === '') throw new ToolError('Error: workspace_id and task are required');
  return { peerId, task };
}

/** The peer's name; refuses what this workspace may not reach. */
async function discover(source: ConnectedWorkspace, peerId: string, signal: AbortSignal): Promise<string> {
  const reply = await source.client.attempt((api) => api.call('discover', { params: { id: peerId } }, { signal }));
  if (reply.kind === 'ok') return reply.value.body.name;
  if (reply.kind === 'refused') {
    throw new ToolError(`Error: workspace ${peerId} not found or not accessible (check access control)`);
  }
  if (reply.kind === 'unavailable' && reply.reason === 'workspace not available') {
    throw new ToolError(`Error: workspace ${peerId} is offline`);
  }
  throw new ToolError(`Error: ${describe(reply)}`);
}

async function submit(
  source: ConnectedWorkspace,
  peerId: string,
  task: string,
  key: string,
  signal: AbortSignal,
): Promise<PlatformReply<string>> {
  const body = { target_id: peerId, task, idempotency_key: key };
  return source.client.attempt(async (api) => {
    // 202, and 200 for a repetition: both have accepted it.
    const { body: accepted } = await api.call('delegate', { params: { id: source.id }, body }, { signal });
    return accepted.delegation_id;
  });
}

function ask(
  source: ConnectedWorkspace,
  delegationId: string,
  wait: number,
  signal: AbortSignal,
): Promise<PlatformReply<Delegation>> {
  const input = { params: { id: source.id, delegationId }, query: { wait } };
  return source.client.attempt(
    async (api) => (await api.call('getDelegation', input, { signal, timeoutMs: LONG_POLL_TIMEOUT_MS })).body,
  );
}

/** Null when the time is up and it is under way. A platform that is away for a moment ends nothing. */
async function waitForEnd(
  source: ConnectedWorkspace,
  delegationId: string,
  { clock, delegationSeconds }: ToolEnvironment,
  signal: AbortSignal,
): Promise<{ readonly text: string } | { readonly reason: string } | null> {
  const untilMs = clock.monotonicMs() + delegationSeconds * 1_000;
  for (;;) {
    const leftSeconds = Math.ceil((untilMs - clock.monotonicMs()) / 1_000);
    if (leftSeconds <= 0) return null;
    const reply = await ask(source, delegationId, Math.min(leftSeconds, LONG_POLL_SECONDS), signal);
    if (reply.kind === 'ok') {
      const { status, result, result_preview: preview, error_detail: error } = reply.value;
      if (status === 'completed') return { text: result?.text ?? preview ?? '' };
      if (status === 'failed' || status === 'stuck') return { reason: error ?? `the task is ${status}` };
    } else if (reply.kind === 'unavailable') {
      await clock.sleep(Math.min(reply.retryAfterMs ?? 1_000, Math.max(untilMs - clock.monotonicMs(), 0)), signal);
    } else {
      return { reason: describe(reply) };
    }
  }
}

function failed(name: string, detail: string): ToolAnswer {
  return fail(`DELEGATION FAILED to ${name}: ${detail}
You can: (1) try again later, (2) give the task to another peer (list_peers), or (3) do it yourself.`);
}
