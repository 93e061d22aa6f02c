import { createHash } from 'node:crypto';
import type { NewEvent } from '@molecule/contract';
import { isJsonObject } from '../../proxy/json.js';
import {
  type ActivityEnding,
  activityLogged,
  capBody,
  firstCharacters,
  type NewActivity,
  toStoredBody,
} from '../activity/index.js';
import { type EndedMessage, isAnswered, type NewEnding, type NewMessage } from './ledger.types.js';

/**
 * What a ledger change looks like in the activity log and on the live feed. One row per message on its target, with
 * the id of the ledger row: written when the message is accepted (so that a human sees what was typed at once), ended
 * when the answer is there. Readers replace by id, so nothing shows twice.
 */
export interface Projection {
  readonly inserts: readonly NewActivity[];
  readonly endings: readonly ActivityEnding[];
  readonly events: readonly (NewEvent | EndedRow)[];
}

/** The event of a row among the endings. It is made from the row as it has ended, so that the two cannot disagree. */
export interface EndedRow {
  readonly endedRow: string;
}

const SUMMARY_CHARACTERS = 200;
const TASK_PREVIEW_CHARACTERS = 100;
const RESPONSE_PREVIEW_CHARACTERS = 200;
const RESULT_SUMMARY_CHARACTERS = 80;
const DETAIL_CHARACTERS = 2_000;
/** At most 200 KB, so that the rows that carry it never exceed what a stored body may have. The ledger has it all. */
const RESULT_CHARACTERS = 50_000;
/** A small answer travels in the event; a larger one is fetched by its activity id. */
const INLINE_BODY_BYTES_MAX = 4 * 1024;

/** Id of a further row of a message. Derived, so that writing it twice makes one row. */
export function derivedActivityId(
  messageRowId: string,
  role: 'delegate' | 'delegate_result' | 'inbox' | 'late' | `note ${string}`,
): string {
  const hex = createHash('sha256').update(`${messageRowId} ${role}`).digest('hex');
  // Version 8 is the one for ids an application makes by its own rule.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function projectAccepted(message: NewMessage, targetName: string): Projection {
  const row: NewActivity = {
    ...bare(message.id, message.targetId, message),
    activityType: 'a2a_receive',
    method: message.method,
    summary: summaryOf(message, targetName),
    requestBody: capBody(message.body),
    status: 'ok',
  };
  if (message.kind !== 'delegation' || message.callerId === null) {
    return { inserts: [row], endings: [], events: [activityLogged(row)] };
  }
  const task: NewActivity = {
    ...bare(derivedActivityId(message.id, 'delegate'), message.callerId, message),
    activityType: 'delegation',
    method: 'delegate',
    summary: firstCharacters(`Delegating to ${targetName}`, SUMMARY_CHARACTERS),
    requestBody: toStoredBody({ task: message.taskPreview, delegation_id: message.id }),
    status: 'pending',
  };
  const sent: NewEvent = {
    type: 'DELEGATION_SENT',
    workspaceId: message.callerId,
    payload: {
      delegation_id: message.id,
      target_id: message.targetId,
      task_preview: firstCharacters(message.taskPreview, TASK_PREVIEW_CHARACTERS),
    },
  };
  // Delegation rows have no ACTIVITY_LOGGED: pages show them by the DELEGATION events (contract registry-a2a §12.5).
  return { inserts: [row, task], endings: [], events: [sent, activityLogged(row)] };
}

function summaryOf({ method }: Pick<NewMessage, 'method'>, targetName: string): string {
  return firstCharacters(`${method} → ${targetName}`, SUMMARY_CHARACTERS);
}

/** A failed message is sent once more: its row is that of a message under way again. */
export function projectRevived(message: Pick<NewMessage, 'id' | 'method'>, targetName: string): Projection {
  const summary = summaryOf(message, targetName);
  // A duration would say that it was answered (contract registry-a2a §8.8).
  const row = { ...unchanged(message.id), status: 'ok', summary, errorDetail: '', durationMs: 0 };
  return { inserts: [], endings: [row], events: [{ endedRow: message.id }] };
}

/** An agent tells of a delegation that went past the platform: its own log shows it, the callee's inbox does not. */
export function projectRecorded(message: NewMessage, targetName: string): Projection {
  const accepted = projectAccepted(message, targetName);
  const { inserts, events } = accepted;
  return {
    inserts: inserts.flatMap((row) => (row.id === message.id ? [] : [{ ...row, status: 'dispatched' }])),
    endings: [],
    events: events.filter((event) => !('endedRow' in event) && event.type === 'DELEGATION_SENT'),
  };
}

/** The callee says that it is at work. */
export function projectBegun(message: { id: string; callerId: string; targetId: string }): Projection {
  const payload = { delegation_id: message.id, target_id: message.targetId, status: 'in_progress' };
  return { inserts: [], endings: [], events: [{ type: 'DELEGATION_STATUS', workspaceId: message.callerId, payload }] };
}

/** A delegation leaves for its target. */
export function projectDispatched(message: { id: string; callerId: string; targetId: string }): Projection {
  const ending = { ...unchanged(derivedActivityId(message.id, 'delegate')), status: 'dispatched' };
  const payload = { delegation_id: message.id, target_id: message.targetId, status: 'dispatched' };
  return {
    inserts: [],
    endings: [ending],
    events: [{ type: 'DELEGATION_STATUS', workspaceId: message.callerId, payload }],
  };
}

export function projectEnded(ended: EndedMessage, ending: NewEnding['ending']): Projection {
  // What the server tells an agent about its own workspace is no conversation: it is in no log (contract §8.2).
  if (ended.kind === 'system') return { inserts: [], endings: [], events: [] };
  const answered = isAnswered(ending);
  // Zero would say that nobody has answered yet (contract registry-a2a §8.8).
  const durationMs = Math.min(Math.max(1, ended.durationMs), 2_147_483_647);
  const error = answered ? null : firstCharacters(ending.detail, DETAIL_CHARACTERS);
  const result = ending.state === 'stuck' ? null : ending.result;
  const row: ActivityEnding = {
    id: ended.id,
    status: answered ? 'ok' : 'error',
    summary: error === null ? null : firstCharacters(`${ended.method} failed: ${error}`, SUMMARY_CHARACTERS),
    errorDetail: error,
    durationMs,
    responseBody: result === null ? null : toStoredBody(result),
    toolTrace: toolTraceOf(result),
  };
  const logged = { endedRow: ended.id };
  if (ended.kind === 'delegation' && ended.callerId !== null) {
    const outcome = projectOutcome({ ...ended, callerId: ended.callerId }, ending, false);
    return {
      inserts: outcome.inserts,
      endings: [row, ...outcome.endings],
      events: [...outcome.events, logged],
    };
  }
  const toHuman = ended.callerId === null && answered;
  return {
    inserts: [],
    endings: [row],
    events: toHuman ? [logged, a2aResponse(ended, result, durationMs)] : [logged],
  };
}

type Delegated = Pick<EndedMessage, 'id' | 'targetId' | 'messageId' | 'method'> & { readonly callerId: string };

/** How a delegation ended, told to its caller: log, inbox and feed. A late result reaches the inbox only. */
export function projectOutcome(ended: Delegated, ending: NewEnding['ending'], late: boolean): Projection {
  const answered = isAnswered(ending);
  const status = answered ? 'completed' : 'failed';
  const text = answered ? firstCharacters(ending.text, RESULT_CHARACTERS) : '';
  const error = answered ? null : firstCharacters(ending.detail, DETAIL_CHARACTERS);
  const body = toStoredBody({ text, delegation_id: ended.id, ...(late ? { late: true } : {}) });
  const shown = firstCharacters(text, RESULT_SUMMARY_CHARACTERS);
  const summary = answered ? `Delegation completed (${shown})` : 'Delegation failed';
  const common = { ...bare('', ended.callerId, ended), summary, errorDetail: error, responseBody: body };
  const inbox: NewActivity = {
    ...common,
    id: derivedActivityId(ended.id, late ? 'late' : 'inbox'),
    activityType: 'a2a_receive',
    method: 'delegate_result',
    // The callee speaks here, and the caller is spoken to (design §13).
    sourceId: ended.targetId,
    targetId: ended.callerId,
    requestBody: toStoredBody(inboxEnvelope(ended, answered ? text : (error ?? ''), late)),
    status: answered ? 'ok' : 'error',
  };
  const event = delegationEvent(ended, ending, late);
  if (late) return { inserts: [inbox], endings: [], events: [event, activityLogged(inbox)] };
  const resultRow: NewActivity = {
    ...common,
    id: derivedActivityId(ended.id, 'delegate_result'),
    activityType: 'delegation',
    method: 'delegate_result',
    status,
  };
  const taskRow = { ...unchanged(derivedActivityId(ended.id, 'delegate')), status, errorDetail: error };
  return { inserts: [resultRow, inbox], endings: [taskRow], events: [event, activityLogged(inbox)] };
}

function delegationEvent(ended: Delegated, ending: NewEnding['ending'], late: boolean): NewEvent {
  const ids = { delegation_id: ended.id, target_id: ended.targetId };
  const mark = late ? { late: true as const } : {};
  if (isAnswered(ending)) {
    const preview = firstCharacters(ending.text, RESPONSE_PREVIEW_CHARACTERS);
    return {
      type: 'DELEGATION_COMPLETE',
      workspaceId: ended.callerId,
      payload: { ...ids, response_preview: preview, ...mark },
    };
  }
  const error = firstCharacters(ending.detail, 500);
  return {
    type: 'DELEGATION_FAILED',
    workspaceId: ended.callerId,
    payload: { ...ids, error, reason: ending.reason, ...mark },
  };
}

/** What poll clients extract the text from (contract registry-a2a §10.7). */
function inboxEnvelope(ended: Delegated, text: string, late: boolean) {
  const metadata = { delegation_id: ended.id, kind: 'delegation_result', ...(late ? { late: true } : {}) };
  const message = {
    kind: 'message',
    role: 'agent',
    messageId: `${ended.id}:result`,
    parts: [{ kind: 'text', text }],
    metadata,
  };
  return { jsonrpc: '2.0', id: ended.id, method: 'message/send', params: { message, metadata } };
}

function a2aResponse(ended: EndedMessage, result: unknown, durationMs: number): NewEvent {
  const { json, bytes } = toStoredBody(result ?? null);
  return {
    type: 'A2A_RESPONSE',
    workspaceId: ended.targetId,
    payload: {
      method: ended.method,
      duration_ms: durationMs,
      message_id: ended.messageId,
      activity_id: ended.id,
      ...(bytes <= INLINE_BODY_BYTES_MAX ? { response_body: JSON.parse(json) as unknown } : {}),
    },
  };
}

function toolTraceOf(result: unknown) {
  const payload = isJsonObject(result) ? result.result : null;
  const metadata = isJsonObject(payload) ? payload.metadata : null;
  const trace = isJsonObject(metadata) ? metadata.tool_trace : undefined;
  return trace === undefined || trace === null ? null : toStoredBody(trace);
}

function bare(
  id: string,
  workspaceId: string,
  message: { callerId: string | null; targetId: string; messageId: string },
): NewActivity {
  return {
    id,
    workspaceId,
    activityType: '',
    sourceId: message.callerId,
    targetId: message.targetId,
    method: null,
    summary: null,
    requestBody: null,
    responseBody: null,
    durationMs: null,
    status: '',
    errorDetail: null,
    messageId: message.messageId,
  };
}

function unchanged(id: string): Omit<ActivityEnding, 'status'> {
  return { id, summary: null, errorDetail: null, durationMs: null, responseBody: null, toolTrace: null };
}
