/** What is left to a key after the request that was counted. */
export interface Count {
  readonly exceeded: boolean;
  /** Of the window, 0 at least. */
  readonly remaining: number;
  /** Whole seconds until the window is over, 1 at least. */
  readonly resetSeconds: number;
}

export interface RequestWindows {
  /** Counts one request of a key. */
  count(key: string, nowMs: number): Count;
}

interface Window {
  readonly untilMs: number;
  used: number;
}

/** Far more callers than a server has; strangers with a key each cannot make it remember more. */
const KEYS_MAX = 20_000;

/**
 * Counts requests in fixed windows that begin with a key's first request, in the memory of this process. Our own, because
 * every request passes here and the library for it makes five promises of each; it has nothing to wait for. Of too many
 * keys those whose windows are oldest are forgotten.
 */
export function createRequestWindows(max: number, windowMs: number, keysMax = KEYS_MAX): RequestWindows {
  /** In the order in which the windows began. */
  const windows = new Map<string, Window>();

  const open = (key: string, nowMs: number): Window => {
    windows.delete(key);
    for (const [oldest, { untilMs }] of windows) {
      if (windows.size < keysMax && untilMs > nowMs) break;
      windows.delete(oldest);
    }
    const window = { untilMs: nowMs + windowMs, used: 0 };
    windows.set(key, window);
    return window;
  };

  return {
    count(key, nowMs) {
      const known = windows.get(key);
      const window = known !== undefined && nowMs < known.untilMs ? known : open(key, nowMs);
      window.used += 1;
      return {
        exceeded: window.used > max,
        remaining: Math.max(0, max - window.used),
        resetSeconds: Math.max(1, Math.ceil((window.untilMs - nowMs) / 1_000)),
      };
    },
  };
}
