/**
 * Passes on what `source` yields and throws the signal's reason the moment it aborts, even while `source` is silent:
 * a tool or a peer that ignores the signal must not keep a cancelled turn alive. The source is told to stop, not awaited.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, void> {
  const iterator = source[Symbol.asyncIterator]();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
  });
  // Handled even when nobody races it any more, or a late abort would be an unhandled rejection.
  aborted.catch(() => undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    while (true) {
      signal.throwIfAborted();
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Only errors of a source that nobody listens to any more can come from here.
    iterator.return?.().catch(() => undefined);
  }
}
