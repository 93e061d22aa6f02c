import type { WorkspaceSpec } from './workspaces.types.js';

/** What a row knows of the start that its agent runs from. */
export interface StartRecord {
  readonly spec: WorkspaceSpec;
  readonly desired: 'running' | 'stopped' | 'removed';
  readonly startedSpec: WorkspaceSpec | null;
  readonly provisionedAt: Date | null;
  readonly appliedTemplate: string | null;
  readonly appliedTemplateHash: string | null;
}

/**
 * Whether something stored waits for a restart. A template waits even while the agent is held: only a manual restart lays
 * it (design §13). The rest is taken up by any start. Never for a workspace that has not started yet, or runs elsewhere.
 */
export function needsRestart(row: StartRecord): boolean {
  const { spec, startedSpec } = row;
  if (spec.runtime === 'external' || row.provisionedAt === null) return false;
  if (spec.template !== null && spec.template !== row.appliedTemplate) return true;
  if (row.desired !== 'running' || startedSpec === null) return false;
  return TAKEN_UP_AT_START.some((key) => spec[key] !== startedSpec[key]);
}

/** What an agent has from its start to its end, besides its template. */
export const TAKEN_UP_AT_START = [
  'runtime',
  'tier',
  'max_concurrent_tasks',
  'workspace_dir',
  'workspace_access',
] as const satisfies (keyof WorkspaceSpec)[];

/** Whether the template that was laid has other files by now. `hashOf` answers null where that cannot be told. */
export function hasChangedTemplate(row: StartRecord, hashOf: (template: string) => string | null): boolean {
  const { appliedTemplate, appliedTemplateHash } = row;
  if (appliedTemplate === null || appliedTemplateHash === null || appliedTemplate !== row.spec.template) return false;
  const now = hashOf(appliedTemplate);
  return now !== null && now !== appliedTemplateHash;
}
