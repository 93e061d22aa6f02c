import { type ListTasksRequest, type ListTasksResponse, TaskState } from '@a2a-js/sdk';
import { RequestMalformedError } from '@a2a-js/sdk/errors';
import type { MessageState, TaskFilter, Tasks } from '../messages/index.js';
import { toTask } from './task-codec.js';
import type { Visit } from './visit.js';

const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 100;

/** `ListTasks`: newest first, paged by place in the ledger, so that what is added meanwhile moves nothing. */
export async function listTasks(tasks: Tasks, { scope }: Visit, params: ListTasksRequest): Promise<ListTasksResponse> {
  const size = params.pageSize ?? PAGE_SIZE;
  if (size < 1 || size > PAGE_SIZE_MAX) {
    throw new RequestMalformedError(`pageSize must be from 1 to ${PAGE_SIZE_MAX}.`);
  }
  if (params.historyLength !== undefined && params.historyLength < 0) {
    throw new RequestMalformedError('historyLength must not be negative.');
  }
  const page = await tasks.list(scope, toFilter(params), { before: readPageToken(params.pageToken), size });
  const view = { artifacts: params.includeArtifacts ?? false, historyLength: params.historyLength };
  return {
    tasks: page.tasks.map((task) => toTask(task, view)),
    nextPageToken: page.next === null ? '' : String(page.next),
    pageSize: page.tasks.length,
    totalSize: page.total,
  };
}

function readPageToken(token: string): number | null {
  if (token === '') return null;
  if (!/^[1-9]\d{0,15}$/.test(token) || !Number.isSafeInteger(Number(token))) {
    throw new RequestMalformedError('pageToken is not one that this server gave out.');
  }
  return Number(token);
}

function toFilter({ contextId, status, statusTimestampAfter }: ListTasksRequest): TaskFilter {
  const changedAfter = statusTimestampAfter ? new Date(statusTimestampAfter) : null;
  if (changedAfter && Number.isNaN(changedAfter.getTime())) {
    throw new RequestMalformedError('statusTimestampAfter must be an RFC 3339 timestamp.');
  }
  if (contextId.includes('\u0000')) throw new RequestMalformedError('contextId contains a character that no id has.');
  return { contextId: contextId || null, changedAfter, ...readState(status) };
}

const REJECTED = ['rejected', 'TASK_STATE_REJECTED'];
const AUTH_REQUIRED = ['auth-required', 'TASK_STATE_AUTH_REQUIRED'];

function readState(state: TaskState): Pick<TaskFilter, 'states' | 'said'> {
  const only = (states: readonly MessageState[], said: TaskFilter['said'] = null) => ({ states, said });
  switch (state) {
    case TaskState.TASK_STATE_UNSPECIFIED:
      return { states: null, said: null };
    case TaskState.TASK_STATE_SUBMITTED:
      return only(['queued']);
    case TaskState.TASK_STATE_WORKING:
      return only(['working']);
    case TaskState.TASK_STATE_COMPLETED:
      return only(['completed']);
    case TaskState.TASK_STATE_FAILED:
      return only(['failed', 'stuck'], { not: REJECTED });
    case TaskState.TASK_STATE_REJECTED:
      return only(['failed'], { only: REJECTED });
    case TaskState.TASK_STATE_CANCELED:
      return only(['canceled']);
    case TaskState.TASK_STATE_INPUT_REQUIRED:
      return only(['input_required'], { not: AUTH_REQUIRED });
    case TaskState.TASK_STATE_AUTH_REQUIRED:
      return only(['input_required'], { only: AUTH_REQUIRED });
    case TaskState.UNRECOGNIZED:
      throw new RequestMalformedError('status is not a task state.');
    default:
      return state satisfies never;
  }
}
