import { followAbort } from '@molecule/contract/abort';
import type { Clock } from '../clock.js';
import { type PlatformClient, textField } from '../platform/platform-client.js';
import type { Random } from '../random.js';
import { type Answer, sendAnswer } from './answer.js';
import type { Cursor } from './cursor.js';
import { createInboxPoller } from './inbox-poller.js';
import { type InboxMessage, toInboxMessage } from './inbox-row.js';
import { createPresence } from './presence.js';
import type { WorkBook, WorkEntry } from './work-book.js';

export type DriveEvent =
  | { readonly kind: 'online' }
  | { readonly kind: 'trouble'; readonly reason: string }
  | { readonly kind: 'awake'; readonly sleptMs: number }
  | { readonly kind: 'message'; readonly message: InboxMessage }
  | { readonly kind: 'answered'; readonly message: InboxMessage; readonly answer: Answer; readonly tookMs: number }
  /** The platform does not take the answer, and would not the next time. */
  | { readonly kind: 'unwanted'; readonly message: InboxMessage; readonly reason: string };

export type DriveEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'revoked'; readonly reason: string }
  | { readonly kind: 'removed'; readonly reason: string; readonly hint: string | null };

export interface DriveOptions {
  readonly client: PlatformClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly workspaceId: string;
  readonly platformUrl: string;
  readonly card: Readonly<Record<string, unknown>>;
  readonly cursor: Cursor;
  readonly book: WorkBook;
  /** Does what a message asks for. Never throws; ends early when the signal aborts. */
  readonly work: (message: InboxMessage, signal: AbortSignal) => Promise<Answer>;
  readonly tell: (event: DriveEvent) => void;
}

/** A task lives six hours on the platform; and who asked before this ran for the first time is answered as well. */
const BACKLOG_SECONDS = 6 * 3_600;
const TASK_SHOWN = 120;
const FAREWELL_MS = 5_000;
const VERIFY_TIMEOUT_MS = 10_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/**
 * Makes anything that turns a message into an answer a member of the organisation: present, reachable by polling, one
 * message at a time, each answered once. Runs until the signal aborts or the platform wants it no more.
 */
export async function drive(options: DriveOptions, signal: AbortSignal): Promise<DriveEnd> {
  const { client, clock, random, workspaceId, book, tell } = options;
  const over = new AbortController();
  const unfollow = followAbort(over, [signal]);
  const ending = over.signal;
  const startedMs = clock.monotonicMs();
  let end: DriveEnd = { kind: 'stopped' };
  let current: InboxMessage | null = null;
  let wakeUp = (): void => {};
  let verifying = false;
  /** Then a poll may hang on a connection that is gone. */
  let wasAway = false;
  // One part that fails takes the others with it, in order, and is told then.
  const failures: unknown[] = [];

  const presence = createPresence({
    client,
    clock,
    random,
    workspaceId,
    card: options.card,
    facts: () => ({
      error_rate: 0,
      active_tasks: current === null ? 0 : 1,
      current_task: current?.text.slice(0, TASK_SHOWN) ?? '',
      uptime_seconds: Math.floor((clock.monotonicMs() - startedMs) / 1_000),
      runtime_state: 'ok',
    }),
    onSecret: () => {},
    tell(event) {
      if (event.kind === 'online') {
        tell({ kind: 'online' });
        if (wasAway) poller.interrupt();
        wasAway = false;
      }
      if (event.kind === 'unavailable') {
        wasAway = true;
        tell({ kind: 'trouble', reason: event.reason });
      }
      if (event.kind === 'refused') verify(event.reason);
      if (event.kind === 'awake') {
        tell(event);
        poller.interrupt();
      }
    },
  });
  const poller = createInboxPoller({
    client,
    clock,
    random,
    workspaceId,
    cursor: options.cursor,
    backlogSeconds: BACKLOG_SECONDS,
    async take(rows) {
      const messages = rows.flatMap((row) => {
        const message = toInboxMessage(row, workspaceId, options.platformUrl);
        return message !== null && asksForWork(message) ? [message] : [];
      });
      await book.add(messages);
      wakeUp();
    },
    tell(event) {
      if (event.kind === 'refused') verify(event.reason);
    },
  });

  /** A refusal may be about one request; asked about its own workspace the platform says what it is. */
  function verify(reason: string): void {
    if (verifying || ending.aborted) return;
    verifying = true;
    client
      .attempt((api) => api.call('getWorkspace', { params: { id: workspaceId } }, { timeoutMs: VERIFY_TIMEOUT_MS }))
      .then((reply) => {
        verifying = false;
        if (reply.kind === 'refused' && reply.status === 410) {
          end = { kind: 'removed', reason: reply.reason, hint: textField(reply.body, 'hint') };
        } else if (reply.kind === 'unauthorized') {
          end = { kind: 'revoked', reason };
        } else {
          tell({ kind: 'trouble', reason });
          return;
        }
        over.abort();
      })
      .catch(fail);
  }

  function fail(error: unknown): void {
    failures.push(error);
    over.abort();
  }

  async function handle(entry: WorkEntry): Promise<void> {
    const { message } = entry;
    const id = message.activity_id;
    const beganMs = clock.monotonicMs();
    let { answer } = entry;
    if (entry.state === 'begun') {
      // Whether it did its work before this program was killed cannot be known, so it is not done again.
      answer = {
        failure: 'interrupted: the agent was killed while it worked on this. Send it again if it is still wanted.',
      };
      await book.end(id, answer);
    } else if (answer === null) {
      await book.begin(id);
      current = message;
      presence.beatSoon();
      reportBegun(message);
      tell({ kind: 'message', message });
      answer = await options.work(message, ending);
      current = null;
      await book.end(id, answer);
      presence.beatSoon();
    }
    if (await deliver(message, answer)) {
      await book.sent(id);
      tell({ kind: 'answered', message, answer, tookMs: clock.monotonicMs() - beganMs });
    }
  }

  /** Only for those who watch: its failure changes nothing, because the answer says it all. */
  function reportBegun({ delegation_id: delegationId }: InboxMessage): void {
    if (delegationId === undefined) return;
    const input = { params: { id: workspaceId, delegationId }, body: { status: 'in_progress' } };
    client.attempt((api) => api.call('updateDelegation', input)).catch(fail);
  }

  /** Repeats until the platform has it. False when it must wait for the next start, or will never be wanted. */
  async function deliver(message: InboxMessage, answer: Answer): Promise<boolean> {
    for (let delayMs = RETRY_FIRST_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      // What was finished on the way out is still told, for a moment.
      const limit = ending.aborted ? AbortSignal.timeout(FAREWELL_MS) : undefined;
      const reply = await sendAnswer(client, workspaceId, message, answer, limit).catch(() => null);
      if (reply?.kind === 'ok') return true;
      if (reply?.kind === 'refused') {
        tell({ kind: 'unwanted', message, reason: reply.reason });
        await book.sent(message.activity_id);
        return false;
      }
      if (reply?.kind === 'unauthorized') verify(reply.reason);
      if (ending.aborted) return false;
      if (reply?.kind === 'unavailable') tell({ kind: 'trouble', reason: reply.reason });
      await clock
        .sleep(reply?.kind === 'unavailable' ? (reply.retryAfterMs ?? delayMs) : delayMs, ending)
        .catch(() => {});
      if (ending.aborted) return false;
    }
  }

  async function workOff(): Promise<void> {
    while (!ending.aborted) {
      const entry = book.next();
      if (entry) {
        await handle(entry);
        continue;
      }
      await new Promise<void>((resolve) => {
        wakeUp = () => {
          ending.removeEventListener('abort', wakeUp);
          resolve();
        };
        ending.addEventListener('abort', wakeUp);
        if (ending.aborted) wakeUp();
      });
    }
  }

  const parts = [presence.run(ending), poller.run(ending), workOff()];
  await Promise.all(parts.map((part) => part.catch(fail)));
  unfollow();
  if (failures.length > 0) throw failures[0];
  return end;
}

/** The outcome of a task it gave, and a peer's reply, are news: answering them would never end. */
function asksForWork(message: InboxMessage): boolean {
  return message.kind !== 'delegation_result' && message.in_reply_to === undefined;
}
