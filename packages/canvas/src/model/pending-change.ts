import type { Workspace } from '@molecule/contract';
import { errorOf } from './card-notes.js';
import { isExternal } from './lifecycle-verbs.js';

/** What is stored and not yet in force, with what brings it about. */
export interface PendingChange {
  readonly title: string;
  readonly advice: string;
}

/** Null when the agent runs on what is stored, and for one that has something worse to tell first. */
export function pendingChange(agent: Workspace): PendingChange | null {
  if (isExternal(agent) || (agent.status === 'failed' && errorOf(agent) !== '')) return null;
  if (agent.needs_restart) {
    return {
      title: 'Changes wait for a restart',
      advice: 'Its template, runtime, access or folder was changed. It goes on with the former ones until it restarts.',
    };
  }
  if (agent.template_changed) {
    return {
      title: 'Its template has changed',
      advice: `The template “${agent.template}” has other files than those this agent was started with. Restart it and apply the template to take them over; edits to the same files are lost.`,
    };
  }
  return null;
}
