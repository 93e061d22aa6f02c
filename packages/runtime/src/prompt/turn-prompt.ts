import { followAbort } from '@molecule/contract/abort';
import type { Peer, PlatformTools } from '../adapters/adapter.js';
import type { Clock } from '../clock.js';
import { type Log, reasonOf } from '../log.js';
import { assemblePrompt, type PromptParts } from './assemble-prompt.js';

// A turn waits this long for the list of peers; the model can still ask for it later.
const PEERS_WAIT_MS = 5_000;

/** The system prompt of one turn, with the peers as they are now (design §10). Rejects only when the turn is aborted. */
export async function readTurnPrompt(
  parts: Omit<PromptParts, 'peers' | 'log'> & {
    readonly platform: Pick<PlatformTools, 'peers'>;
    readonly clock: Clock;
    readonly log: Pick<Log, 'warn'>;
    readonly signal: AbortSignal;
  },
): Promise<string> {
  const { platform, clock, signal, ...rest } = parts;
  return assemblePrompt({ ...rest, peers: await findPeers(platform, clock, parts.log, signal) });
}

async function findPeers(
  platform: Pick<PlatformTools, 'peers'>,
  clock: Clock,
  log: Pick<Log, 'warn'>,
  signal: AbortSignal,
): Promise<readonly Peer[] | null> {
  const deadline = new AbortController();
  const cancel = clock.after(PEERS_WAIT_MS, () =>
    deadline.abort(new Error(`no answer within ${PEERS_WAIT_MS / 1000} s`)),
  );
  const unfollow = followAbort(deadline, [signal]);
  try {
    return await platform.peers(deadline.signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn('peers_unknown', { reason: reasonOf(error) });
    return null;
  } finally {
    unfollow();
    cancel();
  }
}
