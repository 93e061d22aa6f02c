import type { RestartPreview } from '@molecule/contract';
import type { WorkspaceName } from '../workspaces/index.js';

/** What a write did, or with `dryRun` would have done. */
export interface Effect {
  /** False when what was asked for was stored already. */
  readonly changed: boolean;
  /** Whose agents start again. */
  readonly restarts: readonly WorkspaceName[];
}

export const NO_EFFECT: Effect = { changed: false, restarts: [] };

export function toPreview({ changed, restarts }: Effect): RestartPreview {
  return { status: 'dry_run', changes: changed, would_restart: restarts.map(({ id, name }) => ({ id, name })) };
}
