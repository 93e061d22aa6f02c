import { oneLine } from './peers-section.js';

/** A delegation of this agent that ended badly. */
export interface DelegationFailure {
  readonly target: string;
  readonly task: string;
  readonly reason: string;
}

const FAILURES_MAX = 5;

/** How to deal with a delegation that fails, and those that did lately, newest last. */
export function delegationFailuresSection(failures: readonly DelegationFailure[]): string {
  const rules = `## Handling delegation failures

A failed \`delegate_task\` gives you the reason. Read it before you act:
- Nobody of that name, or several: use the id from \`list_peers\`.
- The agent is offline, busy or stuck: give the task to another fitting agent, do it yourself, or go on without it.
- A limit or a rule refused it: do not repeat the same call; the answer would be the same.
Try the same agent with the same task at most once more. Then finish with what you have and say plainly which part is
missing and why. Never fill the gap with something you made up.`;
  if (failures.length === 0) return rules;
  const lines = failures
    .slice(-FAILURES_MAX)
    .map(({ target, task, reason }) => `- ${oneLine(target)}: ${oneLine(reason, 300)} (task: ${oneLine(task, 150)})`);
  return `${rules}\n\nLately these failed:\n${lines.join('\n')}`;
}
