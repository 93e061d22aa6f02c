import type { EventFrame } from '@molecule/contract';
import type { Client } from '@molecule/contract/client';
import { FLIGHT_LINGER_MS } from '../model/fleet.js';
import { problemOf } from '../model/problem.js';
import { type FleetStore, pruneFlights, takeFrames, takeSnapshot } from '../state/fleet-store.js';
import type { Clock } from './clock.js';
import { createSocket, type LiveSocket } from './socket.js';

type Listener = (frames: readonly EventFrame[]) => void;

/** Keeps the fleet store equal to the server: one snapshot, then events in order. */
export interface Feed {
  start(): void;
  stop(): void;
  /** Retries the connection, and the snapshot if it failed, at once. */
  retryNow(): void;
  /** Hears every batch of events after the fleet has taken it in. Returns the way to stop hearing. */
  subscribe(listener: Listener): () => void;
  /**
   * Calls when the events before this moment are not coming: at the first connection, and when the log no longer reaches
   * back to the last one heard. What was read before may be out of date. Returns the way to stop hearing.
   */
  onGap(listener: () => void): () => void;
}

export interface FeedPorts {
  readonly client: Client;
  readonly clock: Clock;
  readonly fleet: FleetStore;
  readonly openSocket: (since: number | null) => WebSocket;
}

/** An import creates its agents in one burst: one snapshot for all of them. */
const COMPLETE_AFTER_MS = 150;
const SNAPSHOT_RETRY_MS = [1_000, 2_000, 5_000, 10_000];

export function createFeed({ client, clock, fleet, openSocket }: FeedPorts): Feed {
  const listeners = new Set<Listener>();
  const gapListeners = new Set<() => void>();
  /** Frames heard while a snapshot is being read; null when none is. */
  let heardMeanwhile: EventFrame[] | null = null;
  let again = false;
  let failures = 0;
  let cancelCompletion: (() => void) | null = null;
  let cancelRetry: (() => void) | null = null;

  const socket: LiveSocket = createSocket({
    clock,
    open: openSocket,
    onLink: (link) => fleet.setState({ link }),
    onSnapshotNeeded: () => {
      readSnapshot();
      for (const listener of gapListeners) listener();
    },
    onFrames: (frames) => {
      const nowMs = clock.nowMs();
      heardMeanwhile?.push(...frames);
      takeFrames(fleet, frames, nowMs);
      const state = fleet.getState().fleet;
      if (state.incomplete.size > 0) cancelCompletion ??= clock.after(COMPLETE_AFTER_MS, complete);
      if (frames.some((frame) => frame.event === 'DELEGATION_COMPLETE' || frame.event === 'DELEGATION_FAILED')) {
        clock.after(FLIGHT_LINGER_MS + 50, () => pruneFlights(fleet, clock.nowMs()));
      }
      for (const listener of listeners) listener(frames);
    },
  });

  const complete = (): void => {
    cancelCompletion = null;
    readSnapshot();
  };

  const readSnapshot = (): void => {
    cancelRetry?.();
    cancelRetry = null;
    if (heardMeanwhile !== null) {
      // The read under way may already miss what is asked for now.
      again = true;
      return;
    }
    heardMeanwhile = [];
    client.call('listWorkspaces', {}).then(
      ({ body }) => {
        takeSnapshot(fleet, body, heardMeanwhile ?? [], clock.nowMs());
        failures = 0;
        settle();
      },
      (error: unknown) => {
        fleet.setState((state) =>
          // A fleet that is on screen stays there; the toolbar tells how old it is.
          state.snapshot.state === 'ready' ? {} : { snapshot: { state: 'failed', problem: problemOf(error) } },
        );
        const wait = SNAPSHOT_RETRY_MS[Math.min(failures, SNAPSHOT_RETRY_MS.length - 1)] ?? 10_000;
        failures += 1;
        cancelRetry = clock.after(wait, readSnapshot);
        settle();
      },
    );
  };

  const settle = (): void => {
    heardMeanwhile = null;
    if (!again) return;
    again = false;
    readSnapshot();
  };

  return {
    start: socket.start,
    stop: () => {
      cancelCompletion?.();
      cancelRetry?.();
      socket.stop();
    },
    retryNow: () => {
      socket.retryNow();
      if (cancelRetry) readSnapshot();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onGap: (listener) => {
      gapListeners.add(listener);
      return () => gapListeners.delete(listener);
    },
  };
}
