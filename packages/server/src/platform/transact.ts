import type { Lanes, Tx } from './db.js';

/**
 * Runs one business transaction on a lane and tells the event feed afterwards. The only way features open a
 * transaction: NOTIFY inside one would serialise every commit of the server (design §4.4), and forgetting it would leave
 * readers to the one-second poll.
 *
 * Statements inside use only the `tx` they are given. Asking the pool for a second connection from inside is what wedges
 * a server under parallel writes (design §5).
 */
export type Transact = <T>(lane: 'control' | 'work', work: (tx: Tx) => Promise<T>) => Promise<T>;

export function createTransact(lanes: Lanes, afterCommit: () => void): Transact {
  return async (lane, work) => {
    const result = await lanes[lane].transaction().execute(work);
    afterCommit();
    return result;
  };
}
