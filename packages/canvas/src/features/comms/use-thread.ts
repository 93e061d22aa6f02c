import { useMemo } from 'react';
import { useAgent } from '../../app/services-context.js';
import { exchangesOf, type PeerExchange } from '../../model/peer-exchange.js';
import type { Problem } from '../../model/problem.js';
import { useActivityLog } from '../activity/use-activity-log.js';

export interface Thread {
  readonly exchanges: readonly PeerExchange[];
  readonly loading: boolean;
  readonly reading: boolean;
  readonly hasMore: boolean;
  readonly problem: Problem | null;
  readOlder(): void;
  retry(): void;
}

/**
 * What two agents said to each other. A message is in the log of who received it, a delegation in those of both: only the
 * two logs together have everything. That of a removed agent is closed.
 */
export function useThread(id: string, peerId: string): Thread {
  const peer = useAgent(peerId);
  const mine = useActivityLog({ id, peer_id: peerId });
  const theirs = useActivityLog({ id: peerId, peer_id: id }, peer !== undefined);
  const logs = peer === undefined ? [mine] : [mine, theirs];
  // One log may reach further back than the other: what only one of them could tell is not shown yet.
  const bound = logs
    .map(({ state }) => (state.history === 'partial' ? (state.rows.at(-1)?.created_at ?? '') : ''))
    .toSorted()
    .at(-1);
  const myRows = mine.state.rows;
  const theirRows = theirs.state.rows;
  const exchanges = useMemo(
    () => exchangesOf([...myRows, ...theirRows]).filter((exchange) => exchange.at >= (bound ?? '')),
    [myRows, theirRows, bound],
  );
  return {
    exchanges,
    loading: logs.some(({ state }) => state.history === 'unread'),
    reading: logs.some(({ state }) => state.reading),
    hasMore: logs.some(({ state }) => state.history === 'partial'),
    problem: mine.state.problem ?? theirs.state.problem,
    readOlder: () => {
      for (const { log, state } of logs) {
        // Only those that keep the bound where it is.
        if (state.history === 'partial' && state.rows.at(-1)?.created_at === bound) log.readOlder();
      }
    },
    retry: () => {
      for (const { log, state } of logs) if (state.problem) log.retry();
    },
  };
}
