import type { HeardStream } from '../../proxy/forward.js';

/** Streamed answers that this process is receiving at the moment, for whoever else wants to follow them. */
export interface LiveAnswers {
  /** One event of the answer to a row, as it came from the agent. */
  hear(rowId: string, data: string, stream: HeardStream): void;
  /** The row is settled, or no longer this process's: nothing more will be heard. */
  end(rowId: string): void;
  follow(rowId: string, receive: (data: string) => void): LiveAnswer;
}

export interface LiveAnswer {
  /** Artifacts made so far, in the agent's own dialect; every event given to `receive` by now is contained. */
  artifacts(): HeardStream['artifacts'] extends () => infer A ? A : never;
  close(): void;
}

export function createLiveAnswers(): LiveAnswers {
  const streams = new Map<string, HeardStream>();
  const followers = new Map<string, Set<(data: string) => void>>();
  return {
    hear(rowId, data, stream) {
      streams.set(rowId, stream);
      for (const receive of followers.get(rowId) ?? []) receive(data);
    },
    end: (rowId) => void streams.delete(rowId),
    follow(rowId, receive) {
      const others = followers.get(rowId) ?? new Set();
      followers.set(rowId, others.add(receive));
      return {
        artifacts: () => streams.get(rowId)?.artifacts() ?? [],
        close() {
          others.delete(receive);
          if (others.size === 0) followers.delete(rowId);
        },
      };
    },
  };
}
