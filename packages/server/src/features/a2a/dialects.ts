import { type Message, Role, StreamResponse } from '@a2a-js/sdk';
import { legacyPushNotificationToV1StreamResponse } from '@a2a-js/sdk/compat/v0_3';
import { V03PushNotificationSerializer } from '@a2a-js/sdk/compat/v0_3/server';
import { isJsonObject, type JsonObject, parseJson, textOf } from '../../proxy/json.js';

/** The ids by which the platform knows a task. Agents have their own, which mean nothing to its clients. */
export interface TaskIds {
  readonly taskId: string;
  readonly contextId: string;
}

export type Payload = NonNullable<StreamResponse['payload']>;

/**
 * One thing that an agent said — a task, a message, an update — whichever dialect it speaks, under the platform's ids.
 * Null when it is none of these: agents of others say all kinds of things.
 */
export function readPayload(result: unknown, ids: TaskIds): Payload | null {
  if (!isJsonObject(result)) return null;
  try {
    const read = isCurrent(result)
      ? StreamResponse.fromJSON(result)
      : legacyPushNotificationToV1StreamResponse(completeLegacy(result, ids));
    return read.payload ? underIds(read.payload, ids) : null;
  } catch {
    // The SDK refuses what does not keep to the protocol; callers have a meaning for "nothing readable".
    return null;
  }
}

/** A message as it was sent to an agent, of either dialect. */
export function readMessage(message: unknown, ids: TaskIds, role: Role = Role.ROLE_USER): Message | null {
  if (!isJsonObject(message)) return null;
  const current = typeof message.role === 'string' && message.role.startsWith('ROLE_');
  const named = { messageId: 'unnamed', ...message };
  const payload = readPayload(current ? { message: named } : { ...named, kind: 'message' }, ids);
  return payload?.$case === 'message' ? { ...payload.value, role } : null;
}

/** The same message as agents take it: 0.3, which those of every age understand. */
export function toAgentMessage(message: Message): JsonObject {
  const { body } = new V03PushNotificationSerializer().serialize({ payload: { $case: 'message', value: message } });
  const json = parseJson(body);
  if (!isJsonObject(json)) throw new Error('the SDK wrote a message that is no JSON object');
  return json;
}

const CURRENT_MEMBERS = ['task', 'message', 'statusUpdate', 'artifactUpdate'] as const;

/** 1.0 names the payload by its one member, 0.3 by `kind`. */
function isCurrent(result: JsonObject): boolean {
  return CURRENT_MEMBERS.some((member) => isJsonObject(result[member]));
}

/** Fills in what agents leave out and the SDK insists on. */
function completeLegacy(result: JsonObject, ids: TaskIds): JsonObject {
  const kind = textOf(result, 'kind') ?? (Array.isArray(result.parts) ? 'message' : 'task');
  switch (kind) {
    case 'message':
      return completeMessage({ ...result, ...ids });
    case 'task':
      return {
        ...result,
        kind,
        id: ids.taskId,
        contextId: ids.contextId,
        status: completeStatus(result.status),
        artifacts: listOf(result.artifacts).map(completeArtifact),
        // What was said before is in the ledger, which knows it from both sides.
        history: [],
      };
    case 'status-update':
      return { ...result, ...ids, status: completeStatus(result.status) };
    case 'artifact-update':
      return { ...result, ...ids, artifact: completeArtifact(isJsonObject(result.artifact) ? result.artifact : {}) };
    default:
      return result;
  }
}

function completeStatus(status: unknown): JsonObject {
  if (!isJsonObject(status)) return { state: 'unknown' };
  return isJsonObject(status.message) ? { ...status, message: completeMessage(status.message) } : status;
}

function completeMessage(message: JsonObject): JsonObject {
  return {
    messageId: 'unnamed',
    role: 'agent',
    ...message,
    kind: 'message',
    parts: listOf(message.parts).map(completePart),
  };
}

function completeArtifact(artifact: JsonObject): JsonObject {
  return { artifactId: 'answer', ...artifact, parts: listOf(artifact.parts).map(completePart) };
}

/** Older agents write `type` for `kind`, or neither. */
function completePart(part: JsonObject): JsonObject {
  const guess = 'file' in part ? 'file' : 'data' in part ? 'data' : 'text';
  return { ...part, kind: textOf(part, 'kind') ?? textOf(part, 'type') ?? guess };
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function underIds(payload: Payload, { taskId, contextId }: TaskIds): Payload {
  switch (payload.$case) {
    case 'task': {
      const { status } = payload.value;
      const message = status?.message ? { ...status.message, taskId, contextId } : undefined;
      const value = { ...payload.value, id: taskId, contextId, status: status ? { ...status, message } : undefined };
      return { $case: 'task', value };
    }
    case 'message':
      return { $case: 'message', value: { ...payload.value, taskId, contextId } };
    case 'statusUpdate': {
      const { status } = payload.value;
      const message = status?.message ? { ...status.message, taskId, contextId } : undefined;
      return {
        $case: 'statusUpdate',
        value: { ...payload.value, taskId, contextId, status: status ? { ...status, message } : undefined },
      };
    }
    case 'artifactUpdate':
      return { $case: 'artifactUpdate', value: { ...payload.value, taskId, contextId } };
    default:
      return payload satisfies never;
  }
}
