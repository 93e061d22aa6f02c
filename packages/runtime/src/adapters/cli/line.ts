/** Lets the turns of one conversation follow each other: two runs would write one session of a program at once. */
export function createLine() {
  const tails = new Map<string, Promise<void>>();
  return {
    async enter(key: string, signal: AbortSignal): Promise<() => void> {
      const before = tails.get(key) ?? Promise.resolve();
      let leave: () => void = () => undefined;
      const own = new Promise<void>((resolve) => {
        leave = resolve;
      });
      const tail = before.then(() => own);
      tails.set(key, tail);
      // Not when this one leaves: one that gave up waiting leaves while an earlier one still runs.
      const forget = (): void => {
        if (tails.get(key) === tail) tails.delete(key);
      };
      tail.then(forget, forget);
      try {
        await unlessAborted(before, signal);
        return leave;
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}

async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
