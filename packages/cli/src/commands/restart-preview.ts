import type { RestartPreview } from '@molecule/contract';
import type { Flag, Outcome } from '../command.js';
import { table } from '../table.js';

export const dryRunFlag: Flag = { kind: 'boolean', describe: 'say whose agents would start again and change nothing' };

/** What a dry run answered. */
export function previewOutcome(preview: RestartPreview): Outcome {
  return { data: preview, text: describe(preview) };
}

function describe({ changes, would_restart: restarts }: RestartPreview): string {
  if (!changes) return 'Nothing would change: that is how it is stored already.';
  if (restarts.length === 0) return 'Nothing was changed. No agent would start again.';
  const who = restarts.length === 1 ? 'This agent' : `These ${restarts.length} agents`;
  const rows = restarts.map(({ name, id }) => [name, id]);
  return `Nothing was changed. ${who} would start again:\n${table(['NAME', 'ID'], rows)}`;
}

/** `2 agents start again`, or that none had to. */
export function describeRestarts(count: number): string {
  if (count === 0) return 'no agent had to start again';
  return count === 1 ? '1 agent starts again' : `${count} agents start again`;
}
