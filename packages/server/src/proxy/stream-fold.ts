import { readRpcReply, stateOf, type Verdict } from './answer.js';
import { isJsonObject, type JsonObject, parseJson, textOf } from './json.js';

export interface StreamFold {
  /** Takes the data of one server-sent event. */
  push(data: string): void;
  /** True once the stream has said how the work ended; cheap, for asking after every event. */
  hasEnded(): boolean;
  /** What the stream has made so far. */
  artifacts(): readonly JsonObject[];
  /** Null when the stream has not said how the work ended. */
  verdict(): Verdict | null;
}

const OPEN_STATES: ReadonlySet<ReturnType<typeof stateOf>> = new Set([
  null,
  'submitted',
  'working',
  'unknown',
] as const);

/**
 * Follows an A2A stream (0.3 or 1.0) on the side while its bytes are passed on, and keeps what a blocking call would
 * have answered: the message, or the task with its artifacts and last status.
 */
export function createStreamFold(): StreamFold {
  let id: unknown = null;
  let message: JsonObject | null = null;
  let task: JsonObject | null = null;
  let failure: JsonObject | null = null;
  const artifacts = new Map<string, JsonObject>();

  const takeResult = (result: JsonObject): void => {
    const inner = unwrapEvent(result);
    switch (inner.kind) {
      case 'message':
        message = inner.value;
        return;
      case 'task':
        task = inner.value;
        for (const artifact of listOf(inner.value.artifacts)) artifacts.set(artifactId(artifact), artifact);
        return;
      case 'status':
        task = { ...(task ?? taskIdentity(inner.value)), status: inner.value.status, ...metadataOf(task, inner.value) };
        return;
      case 'artifact': {
        const artifact = isJsonObject(inner.value.artifact) ? inner.value.artifact : {};
        const before = inner.value.append === true ? artifacts.get(artifactId(artifact)) : undefined;
        artifacts.set(artifactId(artifact), before ? append(before, artifact) : artifact);
        task ??= taskIdentity(inner.value);
        return;
      }
      case 'other':
        return;
      default:
        inner satisfies never;
    }
  };

  const hasEnded = (): boolean => failure !== null || message !== null || !OPEN_STATES.has(stateOf(task));

  return {
    push(data) {
      const rpc = parseJson(data);
      if (!isJsonObject(rpc)) return;
      if ('id' in rpc) id = rpc.id;
      if (isJsonObject(rpc.error)) failure = rpc;
      else if (isJsonObject(rpc.result)) takeResult(rpc.result);
    },
    hasEnded,
    artifacts: () => [...artifacts.values()],
    verdict() {
      if (failure) return readRpcReply(failure);
      const reply = (result: JsonObject): Verdict => readRpcReply({ jsonrpc: '2.0', id, result });
      if (message) return reply(message);
      if (!task || !hasEnded()) return null;
      return reply(artifacts.size > 0 ? { ...task, artifacts: [...artifacts.values()] } : task);
    },
  };
}

type StreamEvent =
  | { readonly kind: 'message' | 'task' | 'status' | 'artifact'; readonly value: JsonObject }
  | { readonly kind: 'other' };

/** 0.3 tells events apart by `kind`, 1.0 by the name of the one member. */
function unwrapEvent(result: JsonObject): StreamEvent {
  const byKind = {
    message: 'message',
    task: 'task',
    'status-update': 'status',
    'artifact-update': 'artifact',
  } as const;
  const kind = textOf(result, 'kind');
  if (kind !== null && kind in byKind) return { kind: byKind[kind as keyof typeof byKind], value: result };
  const byMember = { message: 'message', task: 'task', statusUpdate: 'status', artifactUpdate: 'artifact' } as const;
  for (const [member, name] of Object.entries(byMember)) {
    const value = result[member];
    if (isJsonObject(value)) return { kind: name, value };
  }
  return { kind: 'other' };
}

/** Usage and tool trace of a streamed turn come with its last status; a blocking answer has them on the task. */
function metadataOf(task: JsonObject | null, update: JsonObject): JsonObject {
  if (!isJsonObject(update.metadata)) return {};
  return { metadata: { ...(isJsonObject(task?.metadata) ? task.metadata : {}), ...update.metadata } };
}

function taskIdentity(update: JsonObject): JsonObject {
  return { kind: 'task', id: update.taskId ?? null, contextId: update.contextId ?? null };
}

function artifactId(artifact: JsonObject): string {
  return textOf(artifact, 'artifactId') ?? '';
}

function append(before: JsonObject, more: JsonObject): JsonObject {
  return { ...before, ...more, parts: joinText([...listOf(before.parts), ...listOf(more.parts)]) };
}

/** Chunks of one text become one part, as a blocking answer would have it; otherwise a token is a part. */
function joinText(parts: readonly JsonObject[]): JsonObject[] {
  const joined: JsonObject[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last && typeof last.text === 'string' && typeof part.text === 'string' && last.kind === part.kind) {
      joined[joined.length - 1] = { ...last, text: last.text + part.text };
    } else {
      joined.push(part);
    }
  }
  return joined;
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
