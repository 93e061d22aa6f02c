import type { Clock } from '../clock.js';
import type { InboxMessage } from '../outside/inbox-row.js';

/** Messages an agent has not acknowledged yet. They lie in memory: what happens to them is the host's affair. */
export interface Inbox {
  /** True when it was new. The oldest is dropped when there are too many. */
  add(message: InboxMessage): boolean;
  peek(limit: number): readonly InboxMessage[];
  /** Also one that was acknowledged, while it is remembered: a reply may come after that. */
  find(activityId: string): InboxMessage | null;
  /** True when it was there. */
  remove(activityId: string): boolean;
  /** The oldest message, as soon as there is one; null after `ms`. Leaves it where it is. */
  waitForHead(ms: number, signal: AbortSignal): Promise<InboxMessage | null>;
}

export const QUEUE_MAX = 200;
const KNOWN_MAX = 2_000;

export function createInbox(clock: Clock): Inbox {
  const queue: InboxMessage[] = [];
  const known = new Map<string, InboxMessage>();
  const waiting = new Set<() => void>();
  return {
    add(message) {
      if (known.has(message.activity_id)) return false;
      known.set(message.activity_id, message);
      const [oldest] = known.keys();
      if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest);
      queue.push(message);
      if (queue.length > QUEUE_MAX) queue.shift();
      for (const wakeUp of [...waiting]) wakeUp();
      return true;
    },
    peek: (limit) => queue.slice(0, limit),
    find: (activityId) => known.get(activityId) ?? null,
    remove(activityId) {
      const index = queue.findIndex((message) => message.activity_id === activityId);
      if (index >= 0) queue.splice(index, 1);
      return index >= 0;
    },
    async waitForHead(ms, signal) {
      if (queue[0] === undefined && ms > 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const done = (): void => {
            cancel();
            waiting.delete(done);
            signal.removeEventListener('abort', done);
            resolve();
          };
          const cancel = clock.after(ms, done);
          waiting.add(done);
          signal.addEventListener('abort', done, { once: true });
        });
      }
      return queue[0] ?? null;
    },
  };
}
