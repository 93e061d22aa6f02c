import type { Workspace } from '@molecule/contract';

/** What fits the width of a card; anything longer is cut there. */
const LINE_CHARACTERS = 30;

/** What went wrong, as one sentence: after a blank line follows the end of the agent's log. */
export function errorOf(agent: Workspace): string {
  return agent.last_sample_error.split('\n\n', 1)[0] ?? '';
}

/** What the foot of a card shows. Work under way comes first: the error of an earlier turn must not hide it. */
export type CardFoot =
  | { readonly kind: 'working'; readonly task: string; readonly count: number }
  | { readonly kind: 'starting'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'nothing' };

export function footOf(agent: Workspace): CardFoot {
  const { current_task: task, active_tasks: count } = agent;
  if (task !== '' || count > 0) return { kind: 'working', task, count };
  const starting = progressOf(agent);
  if (starting !== '') return { kind: 'starting', text: starting };
  const text = errorOf(agent);
  return text === '' ? { kind: 'nothing' } : { kind: 'error', text };
}

/** What a long start is doing; "" when it is nothing special, or over. */
export function progressOf(agent: Workspace): string {
  return agent.status === 'provisioning' ? agent.start_progress : '';
}

/** Why the answers are a demonstration, as the agent's own card tells; null when they are not. */
export function demoReason(agent: Workspace): string | null {
  if (!agent.demo) return null;
  const card: unknown = agent.agent_card;
  const told = typeof card === 'object' && card !== null && 'demo_reason' in card ? card.demo_reason : null;
  if (typeof told === 'string' && told !== '') return told;
  return agent.runtime === 'echo'
    ? 'The runtime echo is a demonstration without a model.'
    : 'No model key is configured.';
}

/** In full what a card has to cut, and what its marks stand for. */
export function cardNotes(agent: Workspace): string[] {
  const cut = [agent.current_task, agent.role ?? ''].filter((text) => text.length > LINE_CHARACTERS);
  const reason = demoReason(agent);
  const notes = [progressOf(agent), errorOf(agent), ...cut, reason === null ? '' : `Demo: ${reason}`];
  return notes.filter((note) => note !== '');
}
