import type { Heartbeat } from '@molecule/contract';
import { createBatcher } from '../../platform/batcher.js';
import { toError } from '../../platform/errors.js';
import { refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import type { WorkspaceTokens } from '../access/index.js';
import {
  type Beat,
  type BeatFacts,
  type BeatOutcome,
  ensureInboundSecret,
  raiseMonthlySpend,
  type Transition,
  writeBeats,
} from '../workspaces/index.js';
import { beatBytes, mergeBeats, toBeat, toMonthlySpend } from './beat.js';
import { toBeatTrigger } from './beat-trigger.js';

export interface HeartbeatDeps
  extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'clock' | 'feed' | 'logger' | 'random'> {
  readonly tokens: Pick<WorkspaceTokens, 'markUsed'>;
  readonly developmentMode: boolean;
}

interface BeatReceipt {
  readonly known: boolean;
  readonly inboundSecret: string | null;
}

export interface HeartbeatService {
  /** Records that an agent is alive. An unknown id changes nothing and is no error (contract registry-a2a §5.2). */
  beat(id: string, tokenHash: Buffer | null, body: Heartbeat): Promise<BeatReceipt>;
  /** Resolves when every accepted beat is written. */
  drain(): Promise<void>;
}

/** The hottest path of the server: one statement per batch of beats, one transaction per batch of status changes. */
export function createHeartbeat(deps: HeartbeatDeps): HeartbeatService {
  const db = deps.lanes.control;
  const beats = createBatcher<Beat, BeatOutcome>({
    name: 'heartbeats',
    partitionKey: (beat) => beat.id,
    // Small batches, of which two are under way: while the database writes one, the answers of another are made and the
    // next requests read. One batch of all that wait would have both sides wait for each other in turns.
    maxItems: 24,
    run: (items) =>
      writeMerged(items, async (merged) => {
        const outcomes = await writeBeats(db, merged, deps.developmentMode);
        for (const outcome of outcomes) if (outcome.kind === 'accepted') announceTask(outcome.facts);
        return outcomes;
      }),
  });
  // Apart from the beats: a status change may wait for a row that somebody edits, and no beat may wait with it.
  const moves = createBatcher<Transition, void>({
    name: 'heartbeat-transitions',
    partitionKey: (transition) => transition.workspaceId,
    run: async (transitions) => {
      await deps.transact('control', (tx) => deps.commit(tx, { transitions }));
      return transitions.map(() => undefined);
    },
  });

  async function findSecret(facts: BeatFacts): Promise<string | null> {
    if (facts.inboundSecret !== null) return facts.inboundSecret;
    try {
      return await ensureInboundSecret(db, facts.id, deps.random.token(32));
    } catch (error) {
      // Being alive outranks the secret, which the next beat heals (B-24).
      deps.logger.warn({ workspace: facts.id, err: toError(error) }, 'inbound secret not stored');
      return null;
    }
  }

  function announceTask({ id: workspaceId, currentTask, activeTasks, taskChanged }: BeatFacts): void {
    if (!taskChanged) return;
    const payload = { current_task: currentTask, active_tasks: activeTasks };
    deps.feed.publishTransient({ type: 'TASK_UPDATED', workspaceId, payload });
  }

  return {
    async beat(id, tokenHash, body) {
      const beat = toBeat(id, tokenHash, body);
      const outcome = await beats.submit(beat, beatBytes(beat));
      if (outcome.kind === 'unknown') return { known: false, inboundSecret: null };
      if (outcome.kind === 'refused') {
        return refuse(tokenHash === null ? 'missing_workspace_token' : 'invalid_workspace_token');
      }
      const { facts } = outcome;
      if (facts.tokenId !== null) deps.tokens.markUsed(facts.tokenId);
      const trigger = toBeatTrigger(facts);
      if (trigger) {
        await moves.submit({ workspaceId: id, generation: facts.generation, ...trigger }, 256);
      }
      const spend = toMonthlySpend(body);
      if (spend > facts.monthlySpend) await raiseMonthlySpend(db, id, spend);
      // Load-bearing for every message under way: it is what keeps a quiet agent from being given up (contract §8.6).
      const { activeTasks: active_tasks, uptimeSeconds: uptime_seconds, sampleError: sample_error } = facts;
      const payload = { active_tasks, uptime_seconds, sample_error };
      deps.feed.publishTransient({ type: 'WORKSPACE_HEARTBEAT', workspaceId: id, payload });
      return { known: true, inboundSecret: await findSecret(facts) };
    },
    async drain() {
      await beats.drain();
      await moves.drain();
    },
  };
}

/** Hands on at most one beat per workspace at a time, and every submitter the outcome of the beat its own went into. */
async function writeMerged(
  items: readonly Beat[],
  write: (merged: readonly Beat[]) => Promise<readonly BeatOutcome[]>,
): Promise<readonly BeatOutcome[]> {
  // Nearly always: an agent has its next beat sent when the last one is long answered.
  if (new Set(items.map((beat) => beat.id)).size === items.length) return write(items);
  const merged = new Map<string, Beat>();
  const keyOf = (beat: Beat): string => `${beat.id} ${beat.hash}`;
  for (const beat of items) {
    const earlier = merged.get(keyOf(beat));
    merged.set(keyOf(beat), earlier ? mergeBeats(earlier, beat) : beat);
  }
  const byKey = new Map<string, BeatOutcome>();
  // Beats of one workspace with two tokens are no one beat: which of them counts is only known when they are judged.
  for (let left = [...merged.values()]; left.length > 0; ) {
    const firsts = new Map<string, Beat>();
    for (const beat of left) if (!firsts.has(beat.id)) firsts.set(beat.id, beat);
    const round = [...firsts.values()];
    const outcomes = await write(round);
    for (const [index, beat] of round.entries()) byKey.set(keyOf(beat), outcomes[index] ?? { kind: 'unknown' });
    left = left.filter((beat) => firsts.get(beat.id) !== beat);
  }
  return items.map((beat) => byKey.get(keyOf(beat)) ?? { kind: 'unknown' });
}
