import type { Heartbeat } from '@molecule/contract';
import { followAbort } from '@molecule/contract/abort';
import type { Clock } from '../clock.js';
import type { PlatformClient, PlatformFailure } from '../platform/platform-client.js';
import type { Random } from '../random.js';

export type PresenceEvent =
  | { readonly kind: 'registered' }
  /** A heartbeat was accepted, the first one or the first after trouble. */
  | { readonly kind: 'online' }
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** 401 or 403, so often without a success in between. */
  | { readonly kind: 'refused'; readonly reason: string; readonly count: number }
  /** The machine slept: whatever was on its way is lost, and the platform may have given this agent up meanwhile. */
  | { readonly kind: 'awake'; readonly sleptMs: number };

export interface PresenceOptions {
  readonly client: PlatformClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly workspaceId: string;
  readonly card: Readonly<Record<string, unknown>>;
  /** What each heartbeat tells besides the workspace; asked anew every time. */
  readonly facts: () => Omit<Heartbeat, 'workspace_id'>;
  readonly onSecret: (secret: string) => void;
  readonly tell: (event: PresenceEvent) => void;
}

export interface Presence {
  /** One registration for poll mode. Null when it was accepted. */
  register(): Promise<PlatformFailure | null>;
  /** Registers, unless that is done, and beats until the signal aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
  /** Beats now: something changed that people are looking at. */
  beatSoon(): void;
}

const BEAT_EVERY_MS = 20_000;
const CALL_TIMEOUT_MS = 10_000;
const RETRY_FIRST_MS = 1_000;
/** How long a wait lasts before the clocks are looked at. */
const LOOK_EVERY_MS = 5_000;
/** Timers stand still while a machine sleeps and the wall clock does not. Less than this is a corrected clock. */
const SLEPT_MS = 15_000;

/** An agent that lives outside of the platform and is never called by it: it says that it is there, every 20 s. */
export function createPresence(options: PresenceOptions): Presence {
  const { client, clock, random, workspaceId, tell } = options;
  let registered = false;
  let online = false;
  let refusals = 0;
  let failures = 0;
  let hurry = new AbortController();

  function judge(failure: PlatformFailure): PlatformFailure {
    online = false;
    if (failure.kind === 'unauthorized' || (failure.kind === 'refused' && failure.status === 403)) {
      refusals += 1;
      tell({ kind: 'refused', reason: failure.reason, count: refusals });
    } else {
      // 5xx, 429 and a lost network say nothing about the token.
      failures += 1;
      tell({ kind: 'unavailable', reason: failure.reason });
    }
    return failure;
  }

  async function register(): Promise<PlatformFailure | null> {
    const body = { id: workspaceId, url: '', agent_card: options.card, delivery_mode: 'poll' as const };
    const reply = await client.attempt((api) => api.call('register', { body }, { timeoutMs: CALL_TIMEOUT_MS }));
    if (reply.kind !== 'ok') return judge(reply);
    registered = true;
    takeSecret(reply.value.body.platform_inbound_secret);
    tell({ kind: 'registered' });
    return null;
  }

  async function beat(): Promise<PlatformFailure | null> {
    const body = { workspace_id: workspaceId, ...options.facts() };
    const reply = await client.attempt((api) => api.call('heartbeat', { body }, { timeoutMs: CALL_TIMEOUT_MS }));
    if (reply.kind !== 'ok') return judge(reply);
    refusals = 0;
    failures = 0;
    takeSecret(reply.value.body.platform_inbound_secret);
    if (!online) tell({ kind: 'online' });
    online = true;
    return null;
  }

  function takeSecret(secret: string | undefined): void {
    if (secret) options.onSecret(secret);
  }

  function pauseAfter(failure: PlatformFailure | null): number {
    if (failure === null || failure.kind !== 'unavailable') return BEAT_EVERY_MS;
    if (failure.retryAfterMs !== null) return Math.max(failure.retryAfterMs, RETRY_FIRST_MS);
    const delayMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 5), BEAT_EVERY_MS);
    return delayMs / 2 + (delayMs / 2) * random.fraction();
  }

  /** Ends early when the machine turns out to have slept, or when somebody is in a hurry. */
  async function rest(ms: number): Promise<void> {
    const untilMs = clock.monotonicMs() + ms;
    while (!hurry.signal.aborted && clock.monotonicMs() < untilMs) {
      const before = { wall: clock.now().getTime(), monotonic: clock.monotonicMs() };
      await clock.sleep(Math.min(LOOK_EVERY_MS, untilMs - before.monotonic), hurry.signal).catch(() => {});
      const sleptMs = clock.now().getTime() - before.wall - (clock.monotonicMs() - before.monotonic);
      if (sleptMs > SLEPT_MS) {
        failures = 0;
        tell({ kind: 'awake', sleptMs });
        return;
      }
    }
  }

  return {
    register,
    async run(signal) {
      while (!signal.aborted) {
        hurry = new AbortController();
        const unfollow = followAbort(hurry, [signal]);
        const failure = (registered ? null : await register()) ?? (await beat());
        await rest(pauseAfter(failure));
        unfollow();
      }
    },
    beatSoon: () => hurry.abort(),
  };
}
