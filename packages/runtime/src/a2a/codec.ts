import { type Artifact, type Message, type Part, Role, type StreamResponse, type Task, TaskState } from '@a2a-js/sdk';
import { RequestMalformedError } from '@a2a-js/sdk/errors';
import { RESTART_CONTEXT_CALLER } from '@molecule/contract/restart-context';
import type { ArtifactPart } from '../adapters/adapter.js';
import type { JournalEntry } from '../journal/journal.js';
import { textField } from '../platform/platform-client.js';
import type { TurnEvent, TurnOutcome, TurnRequest } from '../turns/turn-outcome.js';

/** Facts about the agent that every reply carries, such as `demo: true` (design §10). */
export type ReplyMetadata = Readonly<Record<string, unknown>>;

export interface MessageDefaults {
  readonly selfId: string;
  /** Header `X-Workspace-ID` of the request, when the platform names the caller. */
  readonly callerId: string | null;
  readonly uuid: () => string;
  /** Context of the task the message continues; null when it names none. */
  readonly continuedContextId: string | null;
}

/** Throws {@link RequestMalformedError} for a message nothing can be done with. */
export function toTurnRequest(message: Message | undefined, defaults: MessageDefaults): TurnRequest {
  if (!message?.messageId) throw new RequestMalformedError('message.messageId is required.');
  const text = message.parts.flatMap((part) => toText(part) ?? []).join('\n');
  if (message.parts.length === 0) throw new RequestMalformedError('message.parts must not be empty.');
  const metadata = message.metadata ?? {};
  return {
    messageId: message.messageId,
    taskId: message.taskId || defaults.uuid(),
    contextId: message.contextId || defaults.continuedContextId || defaults.uuid(),
    text,
    metadata,
    sender: toSender(metadata, defaults),
    isFollowUp: message.taskId !== '',
    ...(isRestartContext(metadata, defaults) ? { isRestartContext: true } : {}),
  };
}

/** The caller decides: the platform lets nobody else use that name, and metadata anybody can send. */
function isRestartContext(metadata: Readonly<Record<string, unknown>>, { callerId }: MessageDefaults): boolean {
  return callerId === RESTART_CONTEXT_CALLER && metadata.restart_context === true;
}

function toSender(metadata: Readonly<Record<string, unknown>>, defaults: MessageDefaults): TurnRequest['sender'] {
  if (defaults.callerId === RESTART_CONTEXT_CALLER) return { kind: 'user' };
  const id = defaults.callerId ?? textField(metadata, 'caller_id') ?? textField(metadata, 'source_workspace_id');
  if (id === null || id === defaults.selfId) return { kind: 'user' };
  return { kind: 'workspace', id, name: textField(metadata, 'caller_name') };
}

/** Text as it is; data and files as a line an agent can read. */
function toText(part: Part): string | null {
  const content = part.content;
  if (!content) return null;
  switch (content.$case) {
    case 'text':
      return content.value;
    case 'data':
      return JSON.stringify(content.value);
    case 'url':
      return `[file ${part.filename || 'unnamed'}: ${content.value}]`;
    case 'raw':
      return `[file ${part.filename || 'unnamed'}, ${content.value.length} bytes]`;
    default:
      return content satisfies never;
  }
}

export function textPart(text: string): Part {
  return { content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: '' };
}

function toPart(part: ArtifactPart): Part {
  switch (part.kind) {
    case 'text':
      return textPart(part.text);
    case 'data':
      return { ...textPart(''), content: { $case: 'data', value: part.data } };
    case 'file':
      return {
        ...textPart(''),
        content: { $case: 'raw', value: Buffer.from(part.base64, 'base64') },
        filename: part.name,
        mediaType: part.mediaType,
      };
    case 'file_url':
      return {
        ...textPart(''),
        content: { $case: 'url', value: part.url },
        filename: part.name,
        mediaType: part.mediaType,
      };
    default:
      return part satisfies never;
  }
}

/** The artifact that carries the running text of an answer. */
const ANSWER_ARTIFACT_ID = 'answer';

function toArtifact(id: string, parts: readonly Part[]): Artifact {
  return { artifactId: id, name: id, description: '', parts: [...parts], metadata: undefined, extensions: [] };
}

type Identity = Pick<TurnRequest, 'messageId' | 'taskId' | 'contextId'>;

/** An answer of the agent. Its id follows from the message it answers, so that a replay is the same message. */
export function toAgentMessage(turn: Identity, parts: readonly Part[], metadata: ReplyMetadata): Message {
  return {
    messageId: `${turn.messageId}:reply`,
    contextId: turn.contextId,
    taskId: turn.taskId,
    role: Role.ROLE_AGENT,
    parts: [...parts],
    metadata: { ...metadata },
    extensions: [],
    referenceTaskIds: [],
  };
}

function toUserMessage(request: TurnRequest): Message {
  return {
    messageId: request.messageId,
    contextId: request.contextId,
    taskId: request.taskId,
    role: Role.ROLE_USER,
    parts: [textPart(request.text)],
    metadata: { ...request.metadata },
    extensions: [],
    referenceTaskIds: [],
  };
}

export function outcomeMetadata(outcome: TurnOutcome, reply: ReplyMetadata): ReplyMetadata {
  switch (outcome.state) {
    case 'completed':
      return {
        ...reply,
        ...(outcome.usage ? { usage: outcome.usage } : {}),
        ...(outcome.tools.length > 0 ? { tool_trace: outcome.tools } : {}),
      };
    case 'failed':
      return { ...reply, error: { code: outcome.code, retryable: outcome.retryable } };
    case 'canceled':
    case 'input_required':
    case 'rejected':
      return reply;
    default:
      return outcome satisfies never;
  }
}

/** A task as the protocol shows it. `outcome` null means waiting or running, told apart by `started`. */
export function toTask(entry: JournalEntry, reply: ReplyMetadata): Task {
  const { request, outcome } = entry;
  return {
    id: request.taskId,
    contextId: request.contextId,
    status: {
      state: stateOf(outcome, entry.started),
      message: statusMessage(request, outcome, reply),
      timestamp: entry.finishedAt ?? entry.acceptedAt,
    },
    artifacts: outcome ? toArtifacts(outcome) : [],
    history: [toUserMessage(request)],
    metadata: { ...(outcome ? outcomeMetadata(outcome, reply) : reply), message_id: request.messageId },
  };
}

function toArtifacts(outcome: TurnOutcome): Artifact[] {
  if (outcome.state !== 'completed') return [];
  const answer = outcome.text === '' ? [] : [toArtifact(ANSWER_ARTIFACT_ID, [textPart(outcome.text)])];
  return [...answer, ...outcome.artifacts.map((artifact) => toArtifact(artifact.id, artifact.parts.map(toPart)))];
}

/** What the agent says besides results: a question, a refusal, the reason of a failure. */
function statusMessage(turn: Identity, outcome: TurnOutcome | null, reply: ReplyMetadata): Message | undefined {
  switch (outcome?.state) {
    case 'input_required':
    case 'rejected':
      return toAgentMessage(turn, [textPart(outcome.text)], reply);
    case 'failed':
      return toAgentMessage(turn, [textPart(outcome.reason)], outcomeMetadata(outcome, reply));
    case 'completed':
    case 'canceled':
    case undefined:
      return undefined;
    default:
      return outcome satisfies never;
  }
}

function stateOf(outcome: TurnOutcome | null, started: boolean): TaskState {
  switch (outcome?.state) {
    case 'completed':
      return TaskState.TASK_STATE_COMPLETED;
    case 'failed':
      return TaskState.TASK_STATE_FAILED;
    case 'canceled':
      return TaskState.TASK_STATE_CANCELED;
    case 'input_required':
      return TaskState.TASK_STATE_INPUT_REQUIRED;
    case 'rejected':
      return TaskState.TASK_STATE_REJECTED;
    case undefined:
      return started ? TaskState.TASK_STATE_WORKING : TaskState.TASK_STATE_SUBMITTED;
    default:
      return outcome satisfies never;
  }
}

export interface StreamEncoder {
  encode(event: TurnEvent): readonly StreamResponse[];
}

/** Turns one turn's events into protocol events. Stateful: it remembers whether the answer has begun. */
export function createStreamEncoder(turn: Identity, reply: ReplyMetadata, now: () => string): StreamEncoder {
  let streamed = '';

  const artifactUpdate = (artifact: Artifact, append: boolean, lastChunk: boolean): StreamResponse => ({
    payload: {
      $case: 'artifactUpdate',
      value: { taskId: turn.taskId, contextId: turn.contextId, artifact, append, lastChunk, metadata: undefined },
    },
  });
  const statusUpdate = (state: TaskState, message: Message | undefined, metadata: ReplyMetadata): StreamResponse => ({
    payload: {
      $case: 'statusUpdate',
      value: {
        taskId: turn.taskId,
        contextId: turn.contextId,
        status: { state, message, timestamp: now() },
        metadata: { ...metadata },
      },
    },
  });
  const answer = (text: string) => toArtifact(ANSWER_ARTIFACT_ID, [textPart(text)]);

  return {
    encode(event) {
      switch (event.type) {
        case 'started':
          return [statusUpdate(TaskState.TASK_STATE_WORKING, undefined, reply)];
        case 'text': {
          const append = streamed !== '';
          streamed += event.text;
          return [artifactUpdate(answer(event.text), append, false)];
        }
        case 'artifact':
          return [artifactUpdate(toArtifact(event.id, [toPart(event.part)]), event.append, event.last)];
        case 'tool': {
          const { type: _, ...tool } = event;
          return [statusUpdate(TaskState.TASK_STATE_WORKING, undefined, { ...reply, tool })];
        }
        case 'finished': {
          const { outcome } = event;
          const end = statusUpdate(
            stateOf(outcome, true),
            statusMessage(turn, outcome, reply),
            outcomeMetadata(outcome, reply),
          );
          // What was streamed is a preview; where it differs from the answer, the answer replaces it.
          if (outcome.state !== 'completed' || outcome.text === streamed) return [end];
          return [artifactUpdate(answer(outcome.text), false, true), end];
        }
        default:
          return event satisfies never;
      }
    },
  };
}
