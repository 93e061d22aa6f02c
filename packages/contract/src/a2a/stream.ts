import { asArray, asObject, asText, at, type JsonObject } from './json.js';
import { textOfParts } from './text.js';

/** What has been heard of one streamed answer so far. */
export interface StreamedReply {
  /** Answer text by artifact, in order of appearance. */
  readonly artifacts: ReadonlyMap<string, string>;
  /** What the agent says it is doing; not part of the answer. */
  readonly note: string | null;
  /** Text of a plain message or of the closing status. */
  readonly message: string;
  readonly outcome: 'open' | 'done' | 'failed';
  readonly failure: string | null;
}

export const silentReply: StreamedReply = {
  artifacts: new Map(),
  note: null,
  message: '',
  outcome: 'open',
  failure: null,
};

export function textSoFar(reply: StreamedReply): string {
  const artifacts = [...reply.artifacts.values()].filter(Boolean).join('\n\n');
  return artifacts || reply.message;
}

/** Takes in one JSON-RPC frame of `message/stream` in its A2A 0.3 shape. Frames of unknown kinds change nothing. */
export function hear(reply: StreamedReply, frame: unknown): StreamedReply {
  const error = asObject(frame).error;
  if (error !== undefined && error !== null) {
    const failure = asText(asObject(error).message) ?? asText(error) ?? 'The agent reported an error.';
    return { ...reply, outcome: 'failed', failure };
  }
  const result = asObject(asObject(frame).result);
  switch (result.kind) {
    case 'task':
      return hearStatus(hearArtifacts(reply, asArray(result.artifacts)), result.status, false);
    case 'status-update': {
      const tool = asObject(at(result.metadata, 'tool'));
      const heard = typeof tool.name === 'string' ? { ...reply, note: toolNote(tool) } : reply;
      return hearStatus(heard, result.status, result.final === true);
    }
    case 'artifact-update':
      return hearArtifact(reply, result.artifact, result.append === true);
    case 'message':
      return { ...reply, message: textOfParts(result.parts), note: null, outcome: 'done' };
    default:
      return reply;
  }
}

/** What a tool call means to somebody who waits; null once it is over. */
function toolNote(tool: JsonObject): string | null {
  if (tool.phase !== 'started') return null;
  switch (tool.name) {
    case 'list_peers':
      return 'Looking up its team';
    case 'delegate_task':
      return 'Waiting for its team';
    default:
      return `Using ${asText(tool.name) ?? 'a tool'}`;
  }
}

function hearStatus(reply: StreamedReply, status: unknown, final: boolean): StreamedReply {
  const state = asText(at(status, 'state'));
  const text = textOfParts(at(status, 'message', 'parts'));
  switch (state) {
    case 'completed':
    case 'input-required':
      return { ...reply, message: text || reply.message, note: null, outcome: 'done' };
    case 'failed':
    case 'rejected':
    case 'canceled':
      return { ...reply, note: null, outcome: 'failed', failure: text || `The agent ended the task as ${state}.` };
    default:
      return { ...reply, note: text || reply.note, outcome: final ? 'done' : reply.outcome };
  }
}

function hearArtifacts(reply: StreamedReply, artifacts: readonly unknown[]): StreamedReply {
  return artifacts.reduce<StreamedReply>((heard, artifact) => hearArtifact(heard, artifact, false), reply);
}

function hearArtifact(reply: StreamedReply, artifact: unknown, append: boolean): StreamedReply {
  const id = asText(asObject(artifact).artifactId) ?? '';
  // Deltas are pieces of one text: joined without a separator, unlike the parts of a finished message.
  const text = asArray(asObject(artifact).parts)
    .map((part) => asText(asObject(part).text) ?? '')
    .join('');
  const before = append ? (reply.artifacts.get(id) ?? '') : '';
  return { ...reply, artifacts: new Map(reply.artifacts).set(id, before + text) };
}
