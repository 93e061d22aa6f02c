import type { Clock } from '../clock.js';
import type { PromptSource, RuntimeConfig } from '../config/runtime-config.js';
import { type Log, reasonOf } from '../log.js';
import type { PlatformReply } from '../platform/platform-client.js';
import type { SelfMessage } from '../platform/self-message.js';
import type { Random } from '../random.js';

/**
 * What the owner has the agent told without anybody writing: once at its first start, and whenever it is found with
 * nothing to do (contract memory-mcp-rest §22.7). These are the owner's words; nothing the agent says comes back to it here.
 */
export interface SelfPrompts {
  /** The platform knows the agent: it can be written to. Repeatable; the first call counts. */
  start(): void;
  /** Says nothing more. */
  stop(): void;
}

export interface SelfPromptsOptions {
  readonly config: Pick<RuntimeConfig, 'initialPrompt' | 'idlePrompt' | 'idleIntervalSeconds'>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'uuid'>;
  readonly log: Log;
  /** Nothing runs or waits, and the platform is in reach. */
  readonly isFree: () => boolean;
  /** Remembers across processes that the initial prompt was said. `write` resolves once it is on disk. */
  readonly marker: { exists(): Promise<boolean>; write(): Promise<void> };
  /** The text of a prompt; null when its file is not there or may not be read, which is in the log by then. */
  readonly read: (source: PromptSource) => Promise<string | null>;
  readonly send: (
    message: SelfMessage,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ) => Promise<PlatformReply<unknown>>;
}

// All of these are the contract's (memory-mcp-rest §22.7).
const SETTLE_MS = 60_000;
const INITIAL_ATTEMPTS_MAX = 5;
const INITIAL_TIMEOUT_MS = 600_000;
const IDLE_TIMEOUT_MIN_MS = 60_000;
const IDLE_TIMEOUT_MAX_MS = 300_000;

export function createSelfPrompts(options: SelfPromptsOptions): SelfPrompts {
  const { config, clock, log, marker } = options;
  const intervalMs = config.idleIntervalSeconds * 1_000;
  const stopping = new AbortController();
  const { signal } = stopping;
  let isStarted = false;

  async function sayInitial(source: PromptSource): Promise<void> {
    if (await marker.exists()) return;
    const text = await options.read(source);
    if (text === null) return;
    // Before it is sent: a process that is killed from here on may leave it unsaid, but nobody says it twice.
    await marker.write();
    const message = toMessage('initial', text);
    for (let attempt = 1; ; attempt += 1) {
      const reply = await options.send(message, { timeoutMs: INITIAL_TIMEOUT_MS, signal });
      if (reply.kind !== 'unavailable' || attempt === INITIAL_ATTEMPTS_MAX) return note(message, reply);
      // The same id each time: what arrived after all is not worked on again.
      await clock.sleep(Math.max(1_000 * 2 ** (attempt - 1), reply.retryAfterMs ?? 0), signal);
    }
  }

  async function sayIdle(source: PromptSource): Promise<void> {
    const text = await options.read(source);
    if (text === null) return;
    const message = toMessage('idle', text);
    const timeoutMs = Math.min(Math.max(intervalMs, IDLE_TIMEOUT_MIN_MS), IDLE_TIMEOUT_MAX_MS);
    note(message, await options.send(message, { timeoutMs, signal }));
  }

  async function sayWhenIdle(source: PromptSource): Promise<void> {
    await clock.sleep(Math.min(intervalMs, SETTLE_MS), signal);
    for (;;) {
      if (options.isFree()) await logFailure('idle', () => sayIdle(source));
      // From the end of its own turn: an agent that takes longer than the interval would else never rest.
      await clock.sleep(intervalMs, signal);
    }
  }

  /** What breaks for a reason of our own ends in the log: the agent works on. */
  async function logFailure(prompt: SelfMessage['prompt'], say: () => Promise<void>): Promise<void> {
    try {
      await say();
    } catch (error) {
      if (!signal.aborted) log.error('prompt_failed', { prompt, reason: reasonOf(error) });
    }
  }

  function toMessage(prompt: SelfMessage['prompt'], text: string): SelfMessage {
    return { id: `${prompt}-${options.random.uuid().slice(0, 8)}`, prompt, text };
  }

  function note({ id, prompt }: SelfMessage, reply: PlatformReply<unknown>): void {
    if (reply.kind === 'ok') log.info('prompt_said', { prompt, message_id: id });
    else log.warn('prompt_not_said', { prompt, message_id: id, reason: reply.reason });
  }

  return {
    start() {
      if (isStarted || signal.aborted) return;
      isStarted = true;
      const { initialPrompt, idlePrompt } = config;
      // `logFailure` never rejects, so whatever this settles with is of no use to anybody.
      Promise.all([
        initialPrompt && logFailure('initial', () => sayInitial(initialPrompt)),
        idlePrompt && logFailure('idle', () => sayWhenIdle(idlePrompt)),
      ]).catch(() => undefined);
    },
    stop: () => stopping.abort(),
  };
}
