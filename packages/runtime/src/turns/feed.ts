/**
 * An ordered list that can be watched while it grows. Every watcher sees all items from the beginning, however late
 * it comes: joining a running turn and asking again after a lost connection are the same thing.
 */
export interface Feed<T> {
  push(item: T): void;
  /** Ends every watcher after the last item; with `error`, by throwing it. */
  end(error?: Error): void;
  watch(): AsyncGenerator<T, void, undefined>;
}

export function createFeed<T>(): Feed<T> {
  const items: T[] = [];
  let ended: { readonly error: Error | null } | null = null;
  let wake: (() => void)[] = [];

  const notify = () => {
    const waiting = wake;
    wake = [];
    for (const resolve of waiting) resolve();
  };

  return {
    push(item) {
      items.push(item);
      notify();
    },
    end(error) {
      ended ??= { error: error ?? null };
      notify();
    },
    async *watch() {
      let next = 0;
      for (;;) {
        while (next < items.length) {
          const item = items[next++];
          if (item !== undefined) yield item;
        }
        if (ended) {
          if (ended.error) throw ended.error;
          return;
        }
        await new Promise<void>((resolve) => wake.push(resolve));
      }
    },
  };
}
