import type { Message, SendMessageRequest } from '@a2a-js/sdk';
import {
  RequestMalformedError,
  TaskNotCancelableError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors';
import type { A2ARequestHandler } from '@a2a-js/sdk/server';
import { textOfParts } from '../../proxy/envelope.js';
import { isJsonObject } from '../../proxy/json.js';
import type { NewTurn, TaskRecord, Tasks } from '../messages/index.js';
import { createCard } from './card.js';
import { toAgentMessage } from './dialects.js';
import { follow } from './follow.js';
import { listTasks } from './list-tasks.js';
import { type Push, refuseUnknownConfig } from './push.js';
import { Refusal, toProtocolError } from './refusal.js';
import type { SigningKey } from './signing-key.js';
import {
  agentTaskOf,
  idsOf,
  isInterrupted,
  isTerminal,
  latestOf,
  stateOfTask,
  type TaskView,
  toPlainAnswer,
  toTask,
} from './task-codec.js';
import type { EndpointPorts, Visit } from './visit.js';

/** The operations of the protocol, and the last of this server's own refusals, which the SDK's codecs do not carry whole. */
export interface Operations {
  readonly handler: A2ARequestHandler;
  refusal(): Refusal | null;
}

export interface HandlerDeps extends EndpointPorts {
  readonly tasks: Tasks;
  readonly push: Push;
  readonly signCard: SigningKey['signCard'];
  /**
   * How long a caller that wants to wait does so for a workspace that is offline or fetches its messages. One that is at
   * work is waited for as long as the client stays.
   */
  readonly idleWaitMs: number;
}

/** Numbers that a protobuf client leaves out arrive as undefined; null comes from JSON. */
function viewOf(historyLength: number | undefined): TaskView {
  if (historyLength !== undefined && historyLength < 0) {
    throw new RequestMalformedError('historyLength must not be negative.');
  }
  return { historyLength, artifacts: true };
}

/** The operations of A2A on the ledger, for one visit to one workspace. */
export function createOperations(deps: HandlerDeps, visit: Visit): Operations {
  const { tasks, push } = deps;
  const { scope, target } = visit;

  async function find(id: string): Promise<TaskRecord> {
    if (id === '') throw new RequestMalformedError('The id of the task is missing.');
    return (await tasks.find(scope, id)) ?? refuseUnknown(id);
  }

  async function submit(params: SendMessageRequest, streams: boolean, version: string): Promise<TaskRecord> {
    const { message } = params;
    if (!message?.messageId) throw new RequestMalformedError('message.messageId is required.');
    if (message.parts.length === 0) throw new RequestMalformedError('message.parts must not be empty.');
    const task = message.taskId === '' ? null : await findContinued(message);
    const contextId = message.contextId || (task ? idsOf(task).contextId : deps.random.uuid());
    const id = await tasks.submit(toTurn({ params, message, task, contextId, streams }));
    const begun = await find(id);
    const { taskPushNotificationConfig: config } = params.configuration ?? {};
    if (config) await push.create(visit, begun, config, version);
    return begun;
  }

  /** A message may continue a task that asked for it; a repetition of one that did is answered with the task. */
  async function findContinued(message: Message): Promise<TaskRecord> {
    const task = await find(message.taskId);
    const { contextId } = idsOf(task);
    if (message.contextId !== '' && message.contextId !== contextId) {
      throw new RequestMalformedError(`Task ${task.id} belongs to another context than ${message.contextId}.`);
    }
    const [, ...further] = task.turns;
    const isRepeated = further.some(({ messageId }) => messageId.split('\n', 1)[0] === message.messageId);
    if (!isRepeated && latestOf(task).state !== 'input_required') {
      throw new UnsupportedOperationError(`Task ${task.id} does not wait for input and cannot be continued.`);
    }
    return task;
  }

  function toTurn(given: {
    readonly params: SendMessageRequest;
    readonly message: Message;
    readonly task: TaskRecord | null;
    readonly contextId: string;
    readonly streams: boolean;
  }): NewTurn {
    const { params, message, task, contextId } = given;
    const own = task ? task.turns.map(agentTaskOf).findLast((known) => known !== null) : null;
    const forAgent = toAgentMessage({
      ...message,
      taskId: own?.taskId ?? '',
      contextId: own?.contextId ?? contextId,
    });
    // A stream can be followed by others too; an agent that has none is asked for a plain answer.
    const method = given.streams && streamsItself(visit) ? 'message/stream' : 'message/send';
    const accepted = params.configuration?.acceptedOutputModes ?? [];
    return {
      target,
      callerId: visit.callerId,
      messageId: message.messageId,
      contextId,
      method,
      body: {
        jsonrpc: '2.0',
        id: message.messageId,
        method,
        params: {
          message: forAgent,
          configuration: { blocking: true, ...(accepted.length > 0 ? { acceptedOutputModes: accepted } : {}) },
          ...(params.metadata ? { metadata: params.metadata } : {}),
        },
      },
      text: textOfParts(forAgent.parts),
      task,
    };
  }

  /** Waits for the end of the latest turn, or for a question. */
  async function settled(begun: TaskRecord): Promise<TaskRecord> {
    const ms = tasks.isIdle(target) ? deps.idleWaitMs : null;
    const watch = tasks.watch(latestOf(begun).id, ms, visit.clientGone);
    try {
      for (;;) {
        const now = (await tasks.find(scope, begun.id)) ?? begun;
        const state = stateOfTask(toTask(now, { artifacts: false, historyLength: 0 }));
        if (isTerminal(state) || isInterrupted(state) || watch.isOver()) return now;
        await watch.next();
      }
    } finally {
      watch.done();
    }
  }

  return guarded(deps, visit, {
    getAgentCard: async () => createCard(visit),
    getAuthenticatedExtendedAgentCard: () => deps.signCard(createCard(visit), visit.origin),

    async sendMessage(params, context) {
      const view = viewOf(params.configuration?.historyLength);
      const now = params.configuration?.returnImmediately === true;
      const begun = await submit(params, now, context.requestedVersion);
      if (now) return toTask(begun, view);
      const ended = await settled(begun);
      return toPlainAnswer(ended) ?? toTask(ended, view);
    },

    async *sendMessageStream(params, context) {
      yield* follow(tasks, visit, await submit(params, true, context.requestedVersion));
    },

    async *resubscribe({ id }) {
      const task = await find(id);
      if (isTerminal(stateOfTask(toTask(task, { artifacts: false })))) {
        throw new UnsupportedOperationError(
          `Task ${id} has ended; there is nothing more to come. Read it with GetTask.`,
        );
      }
      yield* follow(tasks, visit, task);
    },

    getTask: async ({ id, historyLength }) => toTask(await find(id), viewOf(historyLength)),

    listTasks: (params) => listTasks(tasks, visit, params),

    async cancelTask({ id }) {
      const task = await find(id);
      if (!(await tasks.cancel(task, target.id))) {
        throw new TaskNotCancelableError(`Task ${id} has already ended.`);
      }
      return toTask(await find(id), { artifacts: true });
    },

    createTaskPushNotificationConfig: async (params, context) =>
      push.create(visit, await find(params.taskId), params, context.requestedVersion),

    async getTaskPushNotificationConfig({ taskId, id }) {
      const configs = await push.list(await find(taskId));
      return configs.find((config) => id === '' || config.id === id) ?? refuseUnknownConfig(id);
    },

    listTaskPushNotificationConfigs: async ({ taskId }) => ({
      configs: [...(await push.list(await find(taskId)))],
      nextPageToken: '',
    }),

    deleteTaskPushNotificationConfig: async ({ taskId, id }) => push.remove(await find(taskId), id),
  });
}

function refuseUnknown(id: string): never {
  throw new TaskNotFoundError(`Task not found: ${id}`);
}

function streamsItself({ target }: Visit): boolean {
  const capabilities = target.agentCard?.capabilities;
  return isJsonObject(capabilities) && capabilities.streaming === true;
}

/** Every operation fails in the words of the protocol. */
function guarded(deps: HandlerDeps, { requestId }: Visit, handler: A2ARequestHandler): Operations {
  let refusal: Refusal | null = null;
  const fail = (error: unknown): never => {
    const failure = toProtocolError(error, requestId, deps.logger);
    if (failure instanceof Refusal) refusal = failure;
    throw failure;
  };
  const one =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      operation(...args).catch(fail);
  const many = <A extends unknown[], R>(operation: (...args: A) => AsyncGenerator<R, void, undefined>) =>
    async function* (...args: A): AsyncGenerator<R, void, undefined> {
      try {
        yield* operation(...args);
      } catch (error) {
        fail(error);
      }
    };
  const safe: A2ARequestHandler = {
    getAgentCard: one(handler.getAgentCard),
    getAuthenticatedExtendedAgentCard: one(handler.getAuthenticatedExtendedAgentCard),
    sendMessage: one(handler.sendMessage),
    sendMessageStream: many(handler.sendMessageStream),
    resubscribe: many(handler.resubscribe),
    getTask: one(handler.getTask),
    listTasks: one(handler.listTasks),
    cancelTask: one(handler.cancelTask),
    createTaskPushNotificationConfig: one(handler.createTaskPushNotificationConfig),
    getTaskPushNotificationConfig: one(handler.getTaskPushNotificationConfig),
    listTaskPushNotificationConfigs: one(handler.listTaskPushNotificationConfigs),
    deleteTaskPushNotificationConfig: one(handler.deleteTaskPushNotificationConfig),
  };
  return { handler: safe, refusal: () => refusal };
}
