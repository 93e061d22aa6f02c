import { type Attachment, type NewEvent, type Notify, parseUuid } from '@molecule/contract';
import { type Batcher, createBatcher } from '../../platform/batcher.js';
import { fitBeginning } from '../../platform/fit-text.js';
import { refuse } from '../../platform/http/app-error.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { Ports } from '../../ports.js';
import { isJsonObject } from '../../proxy/json.js';
import {
  type ActivityWrites,
  activityLogged,
  firstCharacters,
  type NewActivity,
  toStoredBody,
} from '../activity/index.js';
import type { WorkspaceReads } from '../workspaces/index.js';
import { lockInboxMessage, writeAnswer } from './answers.store.js';
import type { Ledger } from './ledger.js';
import { isAnswered, type NewEnding } from './ledger.types.js';
import { derivedActivityId, projectEnded } from './projection.js';

export interface Notifications {
  /** Durable when it resolves. With `in_reply_to` it may be repeated: the same answer is recorded once. */
  send(workspaceId: string, body: Notify): Promise<void>;
  drain(): Promise<void>;
}

export interface NotificationsDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'random'> {
  readonly activity: ActivityWrites;
  readonly workspaces: WorkspaceReads;
  readonly ledger: Ledger;
}

interface Note {
  readonly row: NewActivity;
  readonly event: NewEvent;
}

const ATTACHMENTS_MAX = 20;
const SUMMARY_CHARACTERS = 80;
const DETAIL_CHARACTERS = 2_000;
/** An event has 8 KiB: these two, and the name of the workspace. */
const EVENT_TEXT_BYTES = 4_096;
const EVENT_ATTACHMENT_BYTES = 2_048;

/**
 * What an agent says to the person who watches it (contract registry-a2a §11.3). The row is there before anybody is told,
 * so a page that is loaded again shows no less than the live one.
 */
export function createNotifications(deps: NotificationsDeps): Notifications {
  const notes: Batcher<Note, null> = createBatcher({
    name: 'notifications',
    partitionKey: ({ row }) => row.workspaceId,
    run: (items) =>
      deps.transact('control', async (tx) => {
        await deps.activity.insert(
          tx,
          items.map(({ row }) => row),
        );
        await deps.commit(tx, { events: items.flatMap(({ row, event }) => [event, activityLogged(row)]) });
        return items.map(() => null);
      }),
  });

  /** Whether the message has this answer now, or had it before. False: it has another one. */
  async function answer(targetId: string, id: string, said: Said): Promise<boolean> {
    return deps.transact('control', async (tx) => {
      const message = await lockInboxMessage(tx, targetId, id);
      if (!message) return refuse('invalid_reply_target');
      const known = message.result !== null || message.errorDetail !== null;
      if (known) return isSame(message, said);
      const ending = toEnding(message.id, message.messageId, said);
      await writeAnswer(
        tx,
        message.id,
        isAnswered(ending) ? { result: ending.result, text: ending.text } : { failure: ending.detail },
      );
      await deps.ledger.project(tx, [projectEnded({ ...message, state: ending.state }, ending)]);
      return true;
    });
  }

  return {
    async send(workspaceId, body) {
      const attachments = (body.attachments ?? []).map(toAttachment);
      if (attachments.length > ATTACHMENTS_MAX) {
        refuse('invalid_attachment', { text: `at most ${ATTACHMENTS_MAX} attachments can be sent with one message` });
      }
      // As it is stored, so that a repetition is recognised.
      const text = JSON.parse(toStorableJson(body.message)) as string;
      const said: Said = { text, attachments, failed: body.failed === true };
      const responseBody = toStoredBody({
        result: said.text,
        ...(attachments.length > 0 ? { parts: attachments.map(toFilePart) } : {}),
      });
      if (isCut(responseBody.json)) refuse('body_too_large', { text: 'message is longer than 256 KiB' });
      const card = await deps.workspaces.find(deps.lanes.control, workspaceId);
      if (!card || card.status === 'removed') refuse('workspace_not_found');
      const repliesTo = body.in_reply_to || null;
      if (repliesTo !== null) {
        const id = parseUuid(repliesTo) ?? refuse('invalid_reply_target');
        if (await answer(workspaceId, id, said)) return;
      }
      const row: NewActivity = {
        // A second, different answer is a note of its own, and repeating it makes one row.
        id: repliesTo === null ? deps.random.uuidv7() : derivedActivityId(repliesTo, `note ${said.text}`),
        workspaceId,
        activityType: 'a2a_receive',
        method: 'notify',
        sourceId: null,
        targetId: null,
        summary: summaryOf(said.text),
        requestBody: null,
        responseBody,
        durationMs: null,
        status: 'ok',
        errorDetail: null,
        messageId: null,
      };
      const event: NewEvent = {
        type: 'AGENT_MESSAGE',
        workspaceId,
        payload: { ...toEventText(said), workspace_id: workspaceId, name: card.name, activity_id: row.id },
      };
      await notes.submit({ row, event }, responseBody.bytes + 512);
    },
    drain: () => notes.drain(),
  };
}

interface Said {
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly failed: boolean;
}

function toEnding(id: string, messageId: string, said: Said): Extract<NewEnding['ending'], { result: unknown }> {
  if (said.failed) {
    const detail = firstCharacters(said.text, DETAIL_CHARACTERS);
    return { state: 'failed', reason: 'agent_error', detail, result: null };
  }
  const parts = [{ kind: 'text', text: said.text }, ...said.attachments.map(toFilePart)];
  const message = { kind: 'message', role: 'agent', messageId: `${id}:answer`, parts };
  return { state: 'completed', text: said.text, result: { jsonrpc: '2.0', id: messageId, result: message } };
}

function isSame(known: { readonly result: string | null; readonly errorDetail: string | null }, said: Said): boolean {
  if (said.failed) return known.errorDetail === firstCharacters(said.text, DETAIL_CHARACTERS);
  const stored: unknown = known.result === null ? null : JSON.parse(known.result);
  const message = isJsonObject(stored) ? stored.result : null;
  const parts: unknown = isJsonObject(message) ? message.parts : null;
  const [first]: readonly unknown[] = Array.isArray(parts) ? parts : [];
  return isJsonObject(first) && first.text === said.text;
}

function toAttachment(value: unknown, index: number): Attachment {
  const { uri, name, mimeType, size } = isJsonObject(value) ? value : {};
  if (typeof uri !== 'string' || uri === '' || typeof name !== 'string' || name === '') {
    return refuse('invalid_attachment', { text: `attachment[${index}]: uri and name are required` });
  }
  return {
    uri,
    name,
    ...(typeof mimeType === 'string' ? { mimeType } : {}),
    ...(typeof size === 'number' && Number.isSafeInteger(size) ? { size } : {}),
  };
}

function toFilePart(file: Attachment) {
  return { kind: 'file', file };
}

function summaryOf(text: string): string {
  const shown = firstCharacters(text, SUMMARY_CHARACTERS);
  return `Agent message: ${shown}${shown === text ? '' : '…'}`;
}

function toEventText({ text, attachments }: Said) {
  const message = fitBeginning(text, EVENT_TEXT_BYTES);
  const fits = attachments.length > 0 && Buffer.byteLength(JSON.stringify(attachments)) <= EVENT_ATTACHMENT_BYTES;
  return {
    message,
    ...(message === text ? {} : { truncated: true as const }),
    ...(fits ? { attachments: [...attachments] } : {}),
  };
}

function isCut(json: string): boolean {
  return json.startsWith('{"truncated":true');
}
