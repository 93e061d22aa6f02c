import type { Workspace } from '@molecule/contract';
import { errorOf } from './card-notes.js';
import type { Failure } from './fleet.js';

/** The next step a person can take, chosen by why an agent is in trouble. */
export interface FailureAdvice {
  readonly title: string;
  readonly advice: string;
  readonly next: 'logs' | 'secrets' | 'wait';
}

export function adviseOn(agent: Workspace, failure: Failure | undefined): FailureAdvice | null {
  const reason = errorOf(agent);
  switch (agent.status) {
    case 'failed':
      if (failure && failure.missing.length > 0) {
        return {
          title: reason || 'Keys are missing',
          advice: `Save ${failure.missing.join(', ')} in the settings; the agent starts again with them.`,
          next: 'secrets',
        };
      }
      if (failure?.reason === 'crash_loop' || /crash/i.test(reason)) {
        return {
          title: reason || 'The agent stopped again and again',
          advice:
            'The server has given up starting it. The end of its log usually names the cause; put that right, then restart it.',
          next: 'logs',
        };
      }
      // Nothing of it ever ran, so there is no log to read; the sentence itself says what to do.
      if (failure?.reason === 'runtime_install_failed') {
        return {
          title: 'The program of its runtime could not be installed',
          advice: reason,
          next: 'wait',
        };
      }
      return {
        title: reason || 'The agent could not be started',
        advice: 'Its log has more. Put the cause right, then restart it.',
        next: 'logs',
      };
    case 'degraded':
      return {
        title: reason || 'The agent reports errors',
        advice: 'It still answers. Its log and its activity show what goes wrong.',
        next: 'logs',
      };
    case 'offline':
      return {
        title: reason || 'The agent stopped answering',
        advice: 'The server tries to bring it back. Messages you send are kept until then.',
        next: 'wait',
      };
    case 'provisioning':
    case 'online':
    case 'awaiting_agent':
    case 'paused':
    case 'hibernating':
    case 'hibernated':
    case 'removed':
      return null;
  }
}

/** Whether a reason names something that is set among the model keys. */
export function isAboutKeys(reason: string): boolean {
  return /\b(ANTHROPIC|OPENAI)_(API_KEY|BASE_URL|MODEL)\b/.test(reason);
}
