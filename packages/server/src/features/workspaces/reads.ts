import type { Status } from '@molecule/contract';
import type { Db, Tx } from '../../platform/db.js';

/** What other features may ask about workspaces. Reads only; each takes the executor it is given (design §5). */
export interface WorkspaceReads {
  /** Null when there is no such row. Removed rows are found, with status `removed`. */
  find(db: Db | Tx, id: string): Promise<WorkspaceCard | null>;
  /** The same for many, by id; those without a row are missing. */
  findMany(db: Db | Tx, ids: readonly string[]): Promise<ReadonlyMap<string, WorkspaceCard>>;
  /** All that are not removed, in creation order. */
  list(db: Db | Tx): Promise<readonly WorkspaceCard[]>;
  /** Siblings, children and parent of a workspace, removed ones left out (contract registry-a2a §5.5). */
  peers(db: Db | Tx, id: string): Promise<readonly WorkspaceCard[]>;
  /** The hierarchy rule (contract registry-a2a §6): one statement, at most 32 steps, denies on a cycle or a missing row. */
  canCommunicate(db: Db | Tx, a: string, b: string): Promise<boolean>;
  /** The same for many pairs, in their order. */
  canCommunicateEach(db: Db | Tx, pairs: readonly (readonly [string, string])[]): Promise<readonly boolean[]>;
}

export interface WorkspaceCard {
  readonly id: string;
  readonly seq: number;
  readonly name: string;
  readonly role: string | null;
  readonly parentId: string | null;
  readonly tier: number;
  readonly runtime: string;
  readonly template: string | null;
  readonly model: string | null;
  readonly status: Status;
  readonly backend: string;
  readonly generation: number;
  /** Where the agent answers, null when there is no address. */
  readonly url: string | null;
  /** An address one of our drivers set is trusted; one an agent claimed is judged by the URL guard (design §9). */
  readonly urlFrom: 'none' | 'driver' | 'agent';
  readonly deliveryMode: 'push' | 'poll' | null;
  readonly agentCard: Readonly<Record<string, unknown>> | null;
  readonly inboundSecret: string | null;
  /** Why it is failed or offline, for people; null while nothing is wrong. */
  readonly lastError: string | null;
  /** Stable name of a failure; null otherwise. */
  readonly failureReason: string | null;
  readonly activeTasks: number;
  readonly maxConcurrentTasks: number;
  readonly currentTask: string;
  readonly lastHeartbeatAt: Date | null;
  readonly idleTimeoutSeconds: number | null;
  readonly budgetLimit: number | null;
  readonly monthlySpend: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly removedAt: Date | null;
}
