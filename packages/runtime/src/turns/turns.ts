import type { Adapter, AdapterContext, Turn } from '../adapters/adapter.js';
import type { Clock } from '../clock.js';
import { type Journal, type JournalEntry, turnKey } from '../journal/journal.js';
import { type Log, reasonOf } from '../log.js';
import { createFeed, type Feed } from './feed.js';
import { createRestartNotes, type RestartNote } from './restart-notes.js';
import { runTurn } from './run-turn.js';
import type { TurnEvent, TurnOutcome, TurnRequest } from './turn-outcome.js';

/** Accepts messages, runs at most `maxConcurrent` of them, and remembers what became of each. */
export interface Turns {
  /**
   * Takes a message. Resolves once it is on disk. The same message again joins the running turn or gets the stored
   * outcome; it never runs twice. Throws {@link TurnRefusedError} when the queue is full or the runtime is leaving. What
   * the platform tells about a restart is no turn: it is acknowledged at once and told to the next one.
   */
  submit(request: TurnRequest): Promise<TurnHandle>;
  /** The running or waiting turn of a task; null when there is none. */
  findLive(taskId: string): TurnHandle | null;
  /** Ends a running, waiting or asking turn. False when there was nothing to end. */
  cancel(entry: JournalEntry): Promise<boolean>;
  /** Picks up what a crash left behind: reruns what is safe to rerun, reports the rest as interrupted. */
  recover(): Promise<void>;
  activity(): TurnActivity;
  /** Nothing runs, and nothing that ran still waits for the disk. */
  isIdle(): boolean;
  /** No new messages; waiting ones stay in the journal for the next process. */
  finish(): void;
  resume(): void;
  /** Stops everything that runs without an outcome; the next process decides about it from the journal. */
  abort(reason: string): void;
}

export interface TurnHandle {
  readonly request: TurnRequest;
  /** Rejects with {@link TurnAbortedError} when the process leaves before the turn ends. */
  readonly outcome: Promise<TurnOutcome>;
  watch(): AsyncGenerator<TurnEvent, void, undefined>;
}

export interface TurnActivity {
  readonly running: number;
  readonly waiting: number;
  readonly currentTask: string;
  /** Failed share of the latest turns, 0 to 1. */
  readonly errorRate: number;
  /** Why the latest turn failed; empty once one succeeds: an error that is over must not stand on a card. */
  readonly sampleError: string;
}

export interface TurnsOptions {
  readonly journal: Journal;
  readonly adapter: Adapter;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxConcurrent: number;
  /** Messages that may wait besides the running ones. */
  readonly queueMax: number;
  /** `restartNote`: what the platform has told about a restart and no turn knows yet; null when there is nothing. */
  readonly createContext: (
    request: TurnRequest,
    signal: AbortSignal,
    restartNote: string | null,
  ) => Promise<AdapterContext>;
  readonly onActivityChanged: () => void;
  readonly onIdle: () => void;
}

export class TurnRefusedError extends Error {
  override readonly name = 'TurnRefusedError';
  readonly why: 'busy' | 'leaving';

  constructor(why: 'busy' | 'leaving', message: string) {
    super(message);
    this.why = why;
  }
}

/** The process is leaving; the platform asks the next one what became of the message. */
export class TurnAbortedError extends Error {
  override readonly name = 'TurnAbortedError';
}

class TurnCanceledError extends Error {
  override readonly name = 'TurnCanceledError';
}

interface LiveTurn extends TurnHandle {
  readonly key: string;
  readonly feed: Feed<TurnEvent>;
  readonly controller: AbortController;
  settle(outcome: TurnOutcome): void;
  fail(error: Error): void;
}

const HISTORY_MAX = 20;
const RECENT_MAX = 20;
// One failure of one turn is not an error rate of 100 %: below this many turns the rest counts as good.
const RECENT_MIN = 5;

export function createTurns(options: TurnsOptions): Turns {
  const { journal, adapter, clock, log } = options;
  const live = new Map<string, LiveTurn>();
  const waiting: LiveTurn[] = [];
  const running = new Set<LiveTurn>();
  const recent: (string | null)[] = [];
  const notes = createRestartNotes(journal, clock, log);
  let accepting = true;

  const now = () => clock.now().toISOString();

  async function submit(request: TurnRequest): Promise<TurnHandle> {
    const key = turnKey(request);
    const joined = live.get(key);
    if (joined) return joined;
    const known = journal.find(key);
    if (known?.outcome) return finishedHandle(known.request, known.outcome);
    if (!accepting) throw new TurnRefusedError('leaving', 'This agent is stopping and takes no new messages.');
    if (request.isRestartContext) return finishedHandle(request, await notes.take(request));
    if (live.size >= options.maxConcurrent + options.queueMax) {
      throw new TurnRefusedError(
        'busy',
        `This agent is busy: ${running.size} running, ${live.size - running.size} waiting. Try again shortly.`,
      );
    }
    // Visible before it is durable, so that the same message arriving meanwhile joins instead of running twice.
    const turn = createLiveTurn(key, request);
    live.set(key, turn);
    try {
      await journal.accept(request, now());
    } catch (error) {
      live.delete(key);
      turn.fail(new TurnAbortedError(`The message could not be stored: ${reasonOf(error)}`));
      throw error;
    }
    // It may have been canceled while it was being stored.
    if (live.get(key) === turn) waiting.push(turn);
    pump();
    return turn;
  }

  function pump(): void {
    while (accepting && running.size < options.maxConcurrent) {
      const turn = waiting.shift();
      if (!turn) break;
      running.add(turn);
      run(turn).catch((error: unknown) => log.error('turn_runner_failed', { reason: reasonOf(error) }));
    }
    options.onActivityChanged();
    reportIdle();
  }

  /** What waits when the runtime is leaving waits for the next process. */
  const isIdle = () => live.size === waiting.length;

  function reportIdle(): void {
    if (!accepting && isIdle()) options.onIdle();
  }

  /** Every way out settles the turn. */
  async function run(turn: LiveTurn): Promise<void> {
    try {
      const note = notes.pending();
      const outcome = await perform(turn, note);
      const settled = settleDurably(turn, outcome);
      // After the outcome, so that a crash between the two repeats it rather than losing it.
      if (note && outcome.state !== 'failed') notes.spend(note);
      // The slot is free before the answer is on disk; only the answer has to wait for the disk.
      release(turn);
      await settled;
    } catch (error) {
      release(turn);
      if (error instanceof TurnCanceledError) await settleDurably(turn, { state: 'canceled' });
      else turn.fail(error instanceof Error ? error : new TurnAbortedError(String(error)));
    } finally {
      live.delete(turn.key);
      reportIdle();
    }
  }

  async function perform(turn: LiveTurn, note: RestartNote | null): Promise<TurnOutcome> {
    await recordStart(turn);
    turn.feed.push({ type: 'started' });
    const outcome = await answer(turn, note);
    recent.push(outcome.state === 'failed' ? outcome.reason : null);
    if (recent.length > RECENT_MAX) recent.shift();
    return outcome;
  }

  async function recordStart(turn: LiveTurn): Promise<void> {
    const recorded = journal.start(turn.key);
    if (adapter.replaySafe !== true) return recorded;
    // Whether such a turn had begun changes nothing after a crash, so it does not wait for the disk.
    recorded.catch((error: unknown) => log.warn('turn_start_not_recorded', { reason: reasonOf(error) }));
  }

  async function answer(turn: LiveTurn, note: RestartNote | null): Promise<TurnOutcome> {
    const { signal } = turn.controller;
    let context: AdapterContext;
    try {
      context = await options.createContext(turn.request, signal, note?.text ?? null);
    } catch (error) {
      signal.throwIfAborted();
      return {
        state: 'failed',
        code: 'internal',
        reason: `The turn could not be prepared: ${reasonOf(error)}`,
        retryable: true,
      };
    }
    const { isFollowUp: _, ...request } = turn.request;
    const input: Turn = { ...request, history: historyOf(turn.request) };
    return runTurn(adapter, input, context, (event) => turn.feed.push(event), log);
  }

  async function settleDurably(turn: LiveTurn, outcome: TurnOutcome): Promise<void> {
    try {
      await journal.finish(turn.key, outcome, now());
      turn.settle(outcome);
      log.info('turn_finished', {
        message_id: turn.request.messageId,
        task_id: turn.request.taskId,
        state: outcome.state,
      });
    } catch (error) {
      log.error('turn_not_recorded', { message_id: turn.request.messageId, reason: reasonOf(error) });
      turn.fail(new TurnAbortedError(`The outcome could not be stored: ${reasonOf(error)}`));
    }
  }

  function release(turn: LiveTurn): void {
    running.delete(turn);
    pump();
  }

  function forget(turn: LiveTurn): void {
    live.delete(turn.key);
    const index = waiting.indexOf(turn);
    if (index >= 0) waiting.splice(index, 1);
  }

  /** Earlier turns of the same conversation that ended with something said. */
  function historyOf(request: TurnRequest): Turn['history'] {
    const key = turnKey(request);
    const turns = journal
      .entries()
      .filter((entry) => entry.request.contextId === request.contextId && !entry.isForgotten)
      .filter((entry) => turnKey(entry.request) !== key);
    return turns.slice(-HISTORY_MAX).flatMap((entry) => {
      const outcome = entry.outcome;
      if (outcome?.state !== 'completed' && outcome?.state !== 'input_required') return [];
      return [
        { role: 'user' as const, text: entry.request.text },
        { role: 'agent' as const, text: outcome.text },
      ];
    });
  }

  return {
    submit,
    findLive: (taskId) => [...live.values()].findLast((turn) => turn.request.taskId === taskId) ?? null,

    async cancel(entry) {
      const turn = live.get(turnKey(entry.request));
      if (turn && running.has(turn)) {
        turn.controller.abort(new TurnCanceledError());
        await turn.outcome;
        return true;
      }
      if (turn) {
        forget(turn);
        await settleDurably(turn, { state: 'canceled' });
        options.onActivityChanged();
        return true;
      }
      if (entry.outcome?.state !== 'input_required') return false;
      await journal.finish(turnKey(entry.request), { state: 'canceled' }, now());
      return true;
    },

    async recover() {
      for (const entry of journal.entries()) {
        const key = turnKey(entry.request);
        // A message that came since this process listens is being worked on: it is nothing that a crash left behind, and
        // whoever sent it waits for the turn that is live.
        if (entry.outcome || live.has(key)) continue;
        const { messageId } = entry.request;
        if (entry.request.isRestartContext) {
          await notes.take(entry.request);
          continue;
        }
        if (entry.started && adapter.replaySafe !== true) {
          const reason =
            'The agent was restarted while it worked on this message and may have acted on part of it. Send it again to retry.';
          log.warn('turn_interrupted', { message_id: messageId });
          await journal.finish(key, { state: 'failed', code: 'interrupted', reason, retryable: true }, now());
          continue;
        }
        log.info('turn_resumed', { message_id: messageId });
        const turn = createLiveTurn(key, entry.request);
        live.set(key, turn);
        waiting.push(turn);
      }
      pump();
    },

    isIdle,

    activity() {
      const failures = recent.filter((reason) => reason !== null);
      return {
        running: running.size,
        waiting: live.size - running.size,
        currentTask: [...running].map((turn) => summaryOf(turn.request.text)).join('; '),
        errorRate: failures.length / Math.max(recent.length, RECENT_MIN),
        sampleError: recent.at(-1) ?? '',
      };
    },

    finish() {
      accepting = false;
    },

    resume() {
      accepting = true;
      pump();
    },

    abort(reason) {
      accepting = false;
      const error = new TurnAbortedError(reason);
      for (const turn of waiting.splice(0)) {
        live.delete(turn.key);
        turn.fail(error);
      }
      for (const turn of running) turn.controller.abort(error);
    },
  };
}

function createLiveTurn(key: string, request: TurnRequest): LiveTurn {
  const feed = createFeed<TurnEvent>();
  const { promise, resolve, reject } = promiseWithResolvers<TurnOutcome>();
  // The caller may have gone; a rejection nobody waits for is not a crash of the process.
  promise.catch(() => undefined);
  return {
    key,
    request,
    feed,
    controller: new AbortController(),
    outcome: promise,
    watch: () => feed.watch(),
    settle(outcome) {
      feed.push({ type: 'finished', outcome });
      feed.end();
      resolve(outcome);
    },
    fail(error) {
      feed.end(error);
      reject(error);
    },
  };
}

function finishedHandle(request: TurnRequest, outcome: TurnOutcome): TurnHandle {
  return {
    request,
    outcome: Promise.resolve(outcome),
    async *watch() {
      yield { type: 'finished', outcome };
    },
  };
}

function summaryOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

/** `Promise.withResolvers` needs Node 22. */
function promiseWithResolvers<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: Error): void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
