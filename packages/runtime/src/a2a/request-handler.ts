import type { AgentCard, Message, SendMessageRequest, StreamResponse, Task } from '@a2a-js/sdk';
import {
  ExtendedAgentCardNotConfiguredError,
  PushNotificationNotSupportedError,
  TaskNotCancelableError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors';
import { type A2ARequestHandler, type ServerCallContext, STATE_HEADERS_KEY } from '@a2a-js/sdk/server';
import type { Journal, JournalEntry } from '../journal/journal.js';
import { turnKey } from '../journal/journal.js';
import { textField } from '../platform/platform-client.js';
import type { TurnOutcome, TurnRequest } from '../turns/turn-outcome.js';
import { TurnAbortedError, type TurnHandle, TurnRefusedError, type Turns } from '../turns/turns.js';
import {
  createStreamEncoder,
  outcomeMetadata,
  type ReplyMetadata,
  textPart,
  toAgentMessage,
  toTask,
  toTurnRequest,
} from './codec.js';
import { BUSY_CODE, BUSY_RETRY_AFTER_SECONDS, rpcError, TURN_FAILED_CODE } from './errors.js';

export interface RequestHandlerOptions {
  readonly card: () => AgentCard;
  readonly journal: Journal;
  readonly turns: Turns;
  readonly workspaceId: string;
  readonly replyMetadata: ReplyMetadata;
  readonly uuid: () => string;
  readonly now: () => string;
}

const PAGE_SIZE_DEFAULT = 50;
const PAGE_SIZE_MAX = 100;

/**
 * The operations of A2A on top of turns and journal. The SDK's own handler is not used: it forgets its tasks with the
 * process and runs a repeated message id again, and both are what the journal is for.
 */
export function createRequestHandler(options: RequestHandlerOptions): A2ARequestHandler {
  const { journal, turns, replyMetadata } = options;

  function toRequest(params: SendMessageRequest, context: ServerCallContext): TurnRequest {
    const continued = params.message?.taskId ? getContinuedTask(params.message) : null;
    return toTurnRequest(params.message, {
      selfId: options.workspaceId,
      callerId: textField(context.state.get(STATE_HEADERS_KEY), 'x-workspace-id'),
      uuid: options.uuid,
      continuedContextId: continued?.request.contextId ?? null,
    });
  }

  /** A message may only continue a task that asked for it, or be the repetition of one that did. */
  function getContinuedTask(message: Message): JournalEntry {
    const repeated = journal.find(turnKey({ messageId: message.messageId, taskId: message.taskId, isFollowUp: true }));
    if (repeated) return repeated;
    const entry = getEntry(message.taskId);
    if (entry.outcome?.state !== 'input_required') {
      throw new UnsupportedOperationError(`Task ${message.taskId} does not wait for input and cannot be continued.`);
    }
    return entry;
  }

  function getEntry(id: string): JournalEntry {
    const entry = journal.findByAnyId(id);
    if (!entry) throw new TaskNotFoundError(`Task not found: ${id}`);
    return entry;
  }

  async function submit(params: SendMessageRequest, context: ServerCallContext): Promise<TurnHandle> {
    const request = toRequest(params, context);
    try {
      return await turns.submit(request);
    } catch (error) {
      if (!(error instanceof TurnRefusedError)) throw error;
      throw rpcError(BUSY_CODE, error.message, { busy: true, why: error.why, retry_after: BUSY_RETRY_AFTER_SECONDS });
    }
  }

  async function outcomeOf(handle: TurnHandle): Promise<TurnOutcome> {
    try {
      return await handle.outcome;
    } catch (error) {
      if (!(error instanceof TurnAbortedError)) throw error;
      throw rpcError(BUSY_CODE, error.message, { busy: true, why: 'leaving', retry_after: BUSY_RETRY_AFTER_SECONDS });
    }
  }

  function toReply(handle: TurnHandle, outcome: TurnOutcome): Message | Task {
    if (outcome.state === 'failed') {
      const { code, retryable } = outcome;
      throw rpcError(TURN_FAILED_CODE, outcome.reason, { code, retryable, task_id: handle.request.taskId });
    }
    // Callers of the contract read `result.parts` (registry-a2a §8.7), so an answer that is only text is a message.
    if (outcome.state === 'completed' && outcome.reply === 'message') {
      return toAgentMessage(handle.request, [textPart(outcome.text)], outcomeMetadata(outcome, replyMetadata));
    }
    return taskOf(handle);
  }

  function taskOf(handle: TurnHandle): Task {
    return toTask(journal.find(turnKey(handle.request)) ?? getEntry(handle.request.taskId), replyMetadata);
  }

  async function* stream(handle: TurnHandle): AsyncGenerator<StreamResponse, void, undefined> {
    yield { payload: { $case: 'task', value: taskOf(handle) } };
    const encoder = createStreamEncoder(handle.request, replyMetadata, options.now);
    for await (const event of handle.watch()) yield* encoder.encode(event);
  }

  const refusePush = async (): Promise<never> => {
    throw new PushNotificationNotSupportedError('Push notifications are served by the platform, not by the agent.');
  };

  return {
    getAgentCard: async () => options.card(),
    getAuthenticatedExtendedAgentCard: async () => {
      throw new ExtendedAgentCardNotConfiguredError('This agent has no extended card.');
    },

    async sendMessage(params, context) {
      const handle = await submit(params, context);
      if (params.configuration?.returnImmediately) return taskOf(handle);
      return toReply(handle, await outcomeOf(handle));
    },

    async *sendMessageStream(params, context) {
      yield* stream(await submit(params, context));
    },

    async *resubscribe(params) {
      const entry = getEntry(params.id);
      const handle = turns.findLive(entry.request.taskId);
      if (!handle) throw new UnsupportedOperationError(`Task ${params.id} has ended; read it with tasks/get.`);
      yield* stream(handle);
    },

    getTask: async (params) => toTask(getEntry(params.id), replyMetadata),

    async cancelTask(params) {
      const entry = getEntry(params.id);
      if (!(await turns.cancel(entry))) throw new TaskNotCancelableError(`Task ${params.id} has already ended.`);
      return toTask(getEntry(params.id), replyMetadata);
    },

    async listTasks(params) {
      const size = Math.min(Math.max(params.pageSize || PAGE_SIZE_DEFAULT, 1), PAGE_SIZE_MAX);
      const after = params.statusTimestampAfter;
      const matching = journal
        .entries()
        .map((entry) => ({ entry, task: toTask(entry, replyMetadata) }))
        .filter(({ task }) => !params.contextId || task.contextId === params.contextId)
        .filter(({ task }) => !params.status || task.status?.state === params.status)
        .filter(({ task }) => !after || (task.status?.timestamp ?? '') > after)
        .toReversed();
      const start = params.pageToken
        ? matching.findIndex(({ entry }) => turnKey(entry.request) === params.pageToken) + 1
        : 0;
      const page = matching.slice(start, start + size);
      const last = page.at(-1);
      return {
        tasks: page.map(({ task }) => (params.includeArtifacts ? task : { ...task, artifacts: [] })),
        nextPageToken: last && start + size < matching.length ? turnKey(last.entry.request) : '',
        pageSize: size,
        totalSize: matching.length,
      };
    },

    createTaskPushNotificationConfig: refusePush,
    getTaskPushNotificationConfig: refusePush,
    listTaskPushNotificationConfigs: refusePush,
    deleteTaskPushNotificationConfig: refusePush,
  };
}
