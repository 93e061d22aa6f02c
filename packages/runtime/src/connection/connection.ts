import type { Heartbeat, Register } from '@molecule/contract';
import { RUNTIME_EXIT, type RuntimeExitCode } from '@molecule/contract/runtime-exit';
import type { Clock } from '../clock.js';
import { type Log, reasonOf } from '../log.js';
import type { PlatformClient, PlatformReply } from '../platform/platform-client.js';
import type { Random } from '../random.js';
import {
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
  decideConnection,
  retryDelayMs,
} from './connection.table.js';

/** Keeps the workspace known to its platform: registers, beats, backs off, and decides when to leave. */
export interface Connection {
  start(): void;
  /** The number of running turns or the current task changed; told to the platform at once, coalesced. */
  activityChanged(): void;
  /** No turn is running any more. */
  idle(): void;
  /** A call elsewhere was answered 401. */
  unauthorized(reason: string): void;
  stop(): void;
  state(): ConnectionState;
}

export interface ConnectionOptions {
  readonly client: PlatformClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registration: () => Register;
  readonly heartbeat: () => Heartbeat;
  /** Called whenever contact begins: after registering, and after each outage. */
  readonly onLive: () => void;
  /** The platform's inbound secret, as each register and heartbeat may renew it. */
  readonly onInboundSecret: (secret: string) => void;
  readonly turns: { finish(): void; resume(): void; abort(reason: string): void; isIdle(): boolean };
  readonly exit: (code: RuntimeExitCode, reason: string) => void;
}

const HEARTBEAT_MS = 30_000;
export const CONTACT_LOST_MS = 10 * 60_000;
// A short turn changes the activity twice within milliseconds; both ends of it need not be told one by one.
const BEAT_GAP_MS = 250;

export function createConnection(options: ConnectionOptions): Connection {
  const { client, clock, random, log } = options;
  let state: ConnectionState = 'registering';
  let attempt = 0;
  let retryAfterMs: number | null = null;
  let lastReason = '';
  let cancelRetry = () => {};
  let cancelContactDeadline = () => {};
  let cancelBeat = () => {};
  let beatInFlight = false;
  let beatWanted = false;
  let lastBeatAtMs = Number.NEGATIVE_INFINITY;

  function dispatch(event: ConnectionEvent, reason = ''): void {
    const outcome = decideConnection(state, event);
    if ('ignore' in outcome) return;
    if (reason !== '') lastReason = reason;
    if (outcome.to !== state) {
      log.info('connection', { from: state, to: outcome.to, on: event, reason: reason === '' ? undefined : reason });
      if (outcome.to === 'live') attempt = 0;
    }
    const wasLive = state === 'live';
    state = outcome.to;
    for (const effect of outcome.effects) perform(effect);
    if (state === 'live' && !wasLive) options.onLive();
  }

  function perform(effect: ConnectionEffect): void {
    switch (effect) {
      case 'register':
        launch(register);
        return;
      case 'beat':
        launch(beat);
        return;
      case 'schedule_retry':
        scheduleRetry();
        return;
      case 'finish_turns':
        options.turns.finish();
        if (options.turns.isIdle()) dispatch('idle');
        return;
      case 'resume_turns':
        options.turns.resume();
        return;
      case 'abort_turns':
        options.turns.abort(`This agent's registration has ended: ${lastReason}`);
        return;
      case 'exit_stopped':
        leave(RUNTIME_EXIT.stopped, 'Stopped as asked.');
        return;
      case 'exit_contact_lost':
        leave(
          RUNTIME_EXIT.contactLost,
          `No contact with the platform for ${CONTACT_LOST_MS / 60_000} minutes (${lastReason}); leaving until started again.`,
        );
        return;
      case 'exit_revoked':
        leave(
          RUNTIME_EXIT.revoked,
          `The platform no longer accepts this agent's token (${lastReason}): a newer instance runs this workspace, or it was removed.`,
        );
        return;
      default:
        effect satisfies never;
    }
  }

  /** A call that breaks for a reason of our own must not end the beating: it counts as a failed attempt. */
  function launch(call: () => Promise<void>): void {
    call().catch((error: unknown) => {
      beatInFlight = false;
      log.error('connection_call_failed', { reason: reasonOf(error) });
      dispatch('unavailable', reasonOf(error));
    });
  }

  function leave(code: RuntimeExitCode, reason: string): void {
    cancelRetry();
    cancelBeat();
    cancelContactDeadline();
    options.exit(code, reason);
  }

  function scheduleRetry(): void {
    cancelRetry();
    const delay = retryAfterMs ?? retryDelayMs(attempt, random.fraction());
    attempt += 1;
    retryAfterMs = null;
    cancelRetry = clock.after(delay, () => dispatch('retry_due'));
  }

  function noteContact(): void {
    cancelContactDeadline();
    cancelContactDeadline = clock.after(CONTACT_LOST_MS, () => dispatch('contact_lost'));
  }

  async function register(): Promise<void> {
    const body = options.registration();
    take(await client.attempt((api) => api.call('register', { body })), 'registered');
  }

  async function beat(): Promise<void> {
    if (beatInFlight) {
      beatWanted = true;
      return;
    }
    cancelBeat();
    beatInFlight = true;
    beatWanted = false;
    lastBeatAtMs = clock.monotonicMs();
    const body = options.heartbeat();
    const reply = await client.attempt((api) => api.call('heartbeat', { body }));
    beatInFlight = false;
    take(reply, 'beat_accepted');
    if (state === 'live') scheduleBeat(beatWanted ? BEAT_GAP_MS : HEARTBEAT_MS);
  }

  function scheduleBeat(ms: number): void {
    cancelBeat();
    cancelBeat = clock.after(ms, () => {
      if (state === 'live') launch(beat);
    });
  }

  /** Turns an answer into an occurrence. Any answer of the platform itself, even a refusal, is contact. */
  function take(
    reply: PlatformReply<{ readonly body: { readonly platform_inbound_secret?: string } }>,
    success: 'registered' | 'beat_accepted',
  ): void {
    switch (reply.kind) {
      case 'ok': {
        noteContact();
        const secret = reply.value.body.platform_inbound_secret;
        if (secret) options.onInboundSecret(secret);
        dispatch(success);
        return;
      }
      case 'unauthorized':
        dispatch('unauthorized', reply.reason);
        return;
      case 'unavailable':
        retryAfterMs = reply.retryAfterMs;
        if (reply.rateLimited) noteContact();
        dispatch(reply.rateLimited ? 'rate_limited' : 'unavailable', reply.reason);
        return;
      case 'refused':
        noteContact();
        log.error('connection_refused', { status: reply.status, reason: reply.reason });
        dispatch('unavailable', reply.reason);
        return;
      default:
        reply satisfies never;
    }
  }

  return {
    start() {
      noteContact();
      launch(register);
    },
    activityChanged() {
      if (state !== 'live') return;
      if (beatInFlight) {
        beatWanted = true;
        return;
      }
      const wait = lastBeatAtMs + BEAT_GAP_MS - clock.monotonicMs();
      if (wait <= 0) launch(beat);
      else scheduleBeat(wait);
    },
    idle: () => dispatch('idle'),
    unauthorized: (reason) => dispatch('unauthorized', reason),
    stop: () => dispatch('stop_requested'),
    state: () => state,
  };
}
