import { type Artifact, type Message, type Part, Role, type Task, TaskState } from '@a2a-js/sdk';
import { isJsonObject, textOf } from '../../proxy/json.js';
import { nextStep, type TaskRecord, type TaskTurn } from '../messages/index.js';
import { type Payload, readMessage, readPayload, type TaskIds } from './dialects.js';

/** How much of a task a client asked for. */
export interface TaskView {
  /** Messages of the history at most; undefined: all. */
  readonly historyLength?: number | undefined;
  readonly artifacts: boolean;
}

export function idsOf({ id, turns }: TaskRecord): TaskIds {
  return { taskId: id, contextId: turns[0].contextId ?? id };
}

export function latestOf({ turns }: TaskRecord): TaskTurn {
  return turns.at(-1) ?? turns[0];
}

/** A task of the ledger as the protocol shows it. */
export function toTask(record: TaskRecord, view: TaskView): Task {
  const ids = idsOf(record);
  const latest = latestOf(record);
  const answer = answerOf(latest, ids);
  return {
    id: ids.taskId,
    contextId: ids.contextId,
    status: {
      state: stateOf(latest, answer),
      message: statusMessage(latest, answer, ids),
      timestamp: latest.updatedAt.toISOString(),
    },
    artifacts: view.artifacts ? artifactsOf(record, ids) : [],
    history: shorten(historyOf(record, ids), view.historyLength),
    metadata: metadataOf(latest, answer),
  };
}

/**
 * What a caller that waited is answered with when the agent said nothing but a message; null otherwise. Whoever continued
 * a task knows of the task, and gets that.
 */
export function toPlainAnswer(record: TaskRecord): Message | null {
  const latest = latestOf(record);
  if (latest.state !== 'completed' || record.turns.length > 1) return null;
  const answer = answerOf(latest, idsOf(record));
  return answer?.$case === 'message' ? answer.value : null;
}

/** The id by which the agent itself knows the task that its answer belongs to. */
export function agentTaskOf({
  result,
}: TaskTurn): { readonly taskId: string; readonly contextId: string | null } | null {
  const said = isJsonObject(result) ? result.result : null;
  if (!isJsonObject(said)) return null;
  const task = isJsonObject(said.task) ? said.task : said;
  const taskId = textOf(task, 'kind') === 'message' ? textOf(task, 'taskId') : textOf(task, 'id');
  return taskId === null ? null : { taskId, contextId: textOf(task, 'contextId') };
}

/** The work is over, for good. */
export function isTerminal(state: TaskState): boolean {
  return (
    state === TaskState.TASK_STATE_COMPLETED ||
    state === TaskState.TASK_STATE_FAILED ||
    state === TaskState.TASK_STATE_CANCELED ||
    state === TaskState.TASK_STATE_REJECTED
  );
}

/** Nothing happens until its caller does something. */
export function isInterrupted(state: TaskState): boolean {
  return state === TaskState.TASK_STATE_INPUT_REQUIRED || state === TaskState.TASK_STATE_AUTH_REQUIRED;
}

export function stateOfTask(task: Task): TaskState {
  return task.status?.state ?? TaskState.TASK_STATE_UNSPECIFIED;
}

function answerOf({ result }: TaskTurn, ids: TaskIds): Payload | null {
  return isJsonObject(result) ? readPayload(result.result, ids) : null;
}

function stateOf({ state }: TaskTurn, answer: Payload | null): TaskState {
  const said = answer?.$case === 'task' ? answer.value.status?.state : undefined;
  switch (state) {
    case 'queued':
      return TaskState.TASK_STATE_SUBMITTED;
    case 'working':
      return TaskState.TASK_STATE_WORKING;
    case 'input_required':
      return said === TaskState.TASK_STATE_AUTH_REQUIRED ? said : TaskState.TASK_STATE_INPUT_REQUIRED;
    case 'completed':
      return TaskState.TASK_STATE_COMPLETED;
    case 'failed':
      return said === TaskState.TASK_STATE_REJECTED ? said : TaskState.TASK_STATE_FAILED;
    case 'stuck':
      return TaskState.TASK_STATE_FAILED;
    case 'canceled':
      return TaskState.TASK_STATE_CANCELED;
    default:
      return state satisfies never;
  }
}

/** What the agent says besides results, or why there are none. */
function statusMessage(turn: TaskTurn, answer: Payload | null, ids: TaskIds): Message | undefined {
  const said = answer?.$case === 'task' ? answer.value.status?.message : undefined;
  switch (turn.state) {
    case 'queued':
    case 'working':
      return undefined;
    case 'input_required':
      return said ?? (answer?.$case === 'message' ? answer.value : undefined);
    case 'completed':
      return said;
    case 'failed':
    case 'stuck':
    case 'canceled': {
      const reason = [turn.errorDetail ?? '', nextStep(turn.reason) ?? ''].filter((text) => text !== '').join('\n');
      return said ?? (reason === '' ? undefined : toMessage(turn, reason, ids));
    }
    default:
      return turn.state satisfies never;
  }
}

function metadataOf({ reason, messageId }: TaskTurn, answer: Payload | null): Task['metadata'] {
  const said = answer?.$case === 'task' || answer?.$case === 'message' ? answer.value.metadata : undefined;
  return { ...said, message_id: messageId, ...(reason === null ? {} : { reason }) };
}

/** Of all turns; where two made one of the same name, the later one counts. */
function artifactsOf({ turns }: TaskRecord, ids: TaskIds): Artifact[] {
  const made = new Map<string, Artifact>();
  for (const turn of turns) for (const artifact of madeBy(turn, ids)) made.set(artifact.artifactId, artifact);
  return [...made.values()];
}

function madeBy(turn: TaskTurn, ids: TaskIds): readonly Artifact[] {
  const answer = answerOf(turn, ids);
  if (answer?.$case === 'task') return answer.value.artifacts;
  if (turn.state !== 'completed') return [];
  if (answer?.$case === 'message') return [toArtifact(answer.value.parts)];
  if (!isJsonObject(turn.result)) return turn.resultPreview ? [toArtifact([textPart(turn.resultPreview)])] : [];
  if (turn.result.truncated === true) {
    const beginning = turn.resultPreview ?? '';
    return [toArtifact([textPart(`${beginning}\n[The answer was too large to be kept.]`)])];
  }
  const raw = textOf(turn.result, 'raw');
  return raw === null ? [] : [toArtifact([textPart(raw)])];
}

/** What was asked, and the questions that came back for it. */
function historyOf({ turns }: TaskRecord, ids: TaskIds): Message[] {
  return turns.flatMap((turn, index) => {
    const params = isJsonObject(turn.body) && isJsonObject(turn.body.params) ? turn.body.params : {};
    const asked = readMessage(params.message, ids);
    const question = index < turns.length - 1 ? statusMessage(turn, answerOf(turn, ids), ids) : undefined;
    return [...(asked ? [asked] : []), ...(question ? [question] : [])];
  });
}

function shorten(history: Message[], length: number | undefined): Message[] {
  if (length === undefined) return history;
  return length <= 0 ? [] : history.slice(-length);
}

function toMessage(turn: TaskTurn, text: string, ids: TaskIds): Message {
  return {
    messageId: `${turn.messageId}:status`,
    ...ids,
    role: Role.ROLE_AGENT,
    parts: [textPart(text)],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
}

function toArtifact(parts: readonly Part[]): Artifact {
  return {
    artifactId: 'answer',
    name: 'answer',
    description: '',
    parts: [...parts],
    metadata: undefined,
    extensions: [],
  };
}

function textPart(value: string): Part {
  return { content: { $case: 'text', value }, metadata: undefined, filename: '', mediaType: '' };
}
