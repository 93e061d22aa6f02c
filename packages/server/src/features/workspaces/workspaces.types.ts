/** What the owner wants of the instance. `stopped` covers paused and hibernated. */
export type Desired = 'running' | 'stopped' | 'removed';

/** What is known of the instance. Separate from the status: status is what the owner asked for (design §4.3). */
export type InstanceState = 'none' | 'starting' | 'running' | 'stopping' | 'stopped' | 'gone' | 'unknown';

/** The whole of what a start needs. Every verb carries it as one value, so that none can forget a part (R1, R22). */
export interface WorkspaceSpec {
  readonly runtime: string;
  /** Name of the stored workspace template; null means none. Independent of the runtime (contract lifecycle §12.3). */
  readonly template: string | null;
  /** Explicit model of the owner; null leaves the choice to template and runtime. */
  readonly model: string | null;
  readonly tier: number;
  readonly workspace_dir: string | null;
  readonly workspace_access: 'none' | 'read_only' | 'read_write';
  readonly max_concurrent_tasks: number;
}
