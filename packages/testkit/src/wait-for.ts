export interface WaitForOptions {
  /** Real milliseconds until the wait fails. Default 5,000. */
  readonly timeoutMs?: number;
  /** Named in the failure: `waited 5000 ms for <what>`. */
  readonly what?: string;
}

const POLL_MS = 5;

/**
 * Resolves with the first value of `condition` that is not `false`, `null` or `undefined`. A throw counts as "not
 * yet", so assertions may be conditions; the last one becomes the cause when time runs out. The one place where tests
 * wait on real time.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitForOptions = {},
): Promise<Exclude<Awaited<T>, false | null | undefined>> {
  const { timeoutMs = 5_000, what = 'a condition' } = options;
  const startedMs = performance.now();
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined) {
        // The three excluded values were just ruled out; the compiler cannot narrow a generic by comparison.
        return value as Exclude<Awaited<T>, false | null | undefined>;
      }
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() - startedMs > timeoutMs) {
      const detail = lastError instanceof Error ? `: ${lastError.message}` : '';
      throw new Error(`waited ${timeoutMs} ms for ${what}${detail}`, { cause: lastError });
    }
    await new Promise<void>((resolve) => setTimeout(resolve, POLL_MS));
  }
}
