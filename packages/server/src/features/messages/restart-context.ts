import { RESTART_CONTEXT_METADATA } from '@molecule/contract/restart-context';
import type { Tx } from '../../platform/db.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { Ports } from '../../ports.js';
import { listOpenOf } from './claims.store.js';
import { endMessages, insertMessages } from './messages.store.js';

/** A restart that a person has asked for, as its transaction sees it. */
export interface ManualRestart {
  readonly workspaceId: string;
  /** The one that the restart begins. */
  readonly generation: number;
  /** Of the instance before it; null when none ever reported. */
  readonly lastHeartbeatAt: Date | null;
}

export interface RestartContexts {
  /**
   * Records, in the transaction of the restart, what its new instance is to be told. It takes the place of what an earlier
   * restart had to say and had not said yet. Delivered by the executor like everything else, to this generation only.
   */
  record(tx: Tx, restart: ManualRestart): Promise<void>;
}

export interface RestartContextDeps extends Pick<Ports, 'clock' | 'random'> {
  readonly secrets: {
    /** Names of the secrets a workspace gets, global ones among them, in order. */
    listNames(tx: Tx, workspaceId: string): Promise<readonly string[]>;
  };
}

/** Contract lifecycle §2.8: what comes online later has missed the moment, and goes to work untold. */
export const RESTART_CONTEXT_WAITS_MS = 30_000;
const OPEN_MAX = 256;

/** Tells agents that they were restarted, and what that means for them (contract lifecycle §2.8). */
export function createRestartContexts({ clock, random, secrets }: RestartContextDeps): RestartContexts {
  return {
    async record(tx, { workspaceId, generation, lastHeartbeatAt }) {
      const outdated = await listOpenOf(tx, workspaceId, ['queued', 'working'], OPEN_MAX, 'system');
      const detail = 'the workspace was restarted again';
      const ending = { state: 'canceled', reason: 'superseded', detail, result: null } as const;
      await endMessages(
        tx,
        outdated.map((id) => ({ id, owner: null, ending })),
      );
      const names = await secrets.listNames(tx, workspaceId);
      const id = random.uuidv7();
      const text = describeRestart({ at: clock.now(), lastHeartbeatAt, names });
      const message = {
        kind: 'message',
        role: 'user',
        messageId: id,
        parts: [{ kind: 'text', text }],
        metadata: RESTART_CONTEXT_METADATA,
      };
      const row = {
        id,
        kind: 'system',
        callerId: null,
        targetId: workspaceId,
        messageId: id,
        method: 'message/send',
        body: toStorableJson({ jsonrpc: '2.0', id, method: 'message/send', params: { message } }),
        taskPreview: '',
        state: 'queued',
        lease: null,
        deadlineMs: RESTART_CONTEXT_WAITS_MS,
        forGeneration: generation,
        delegation: null,
      } as const;
      await insertMessages(tx, [row], 0);
    },
  };
}

/** Pure. Names of secrets only: a value would end up in a model's context and in its provider's logs. */
export function describeRestart(restart: {
  readonly at: Date;
  readonly lastHeartbeatAt: Date | null;
  readonly names: readonly string[];
}): string {
  const { at, lastHeartbeatAt, names } = restart;
  const before =
    lastHeartbeatAt === null
      ? 'Previous session: none is on record.'
      : `Previous session ended: ${lastHeartbeatAt.toISOString()} (${howLongAgo(lastHeartbeatAt, at)})`;
  return [
    '[Platform] Your workspace was restarted.',
    `Restarted at: ${at.toISOString()}`,
    before,
    `Environment variables now available: ${names.length === 0 ? 'none' : names.join(', ')}`,
    'This is for your information. Take it into account in what you do next; no answer is needed.',
  ].join('\n');
}

function howLongAgo(then: Date, now: Date): string {
  const minutes = Math.max(0, Math.floor((now.getTime() - then.getTime()) / 60_000));
  return `${Math.floor(minutes / 60)}h ${minutes % 60}m ago`;
}
