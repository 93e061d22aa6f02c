import type { Turn } from '../adapter.js';
import { toModelMessages } from '../llm/messages.js';

/**
 * The message as a program reads it. One that remembers the conversation gets the message alone; otherwise what was said
 * before goes with it, as with any other model.
 */
export function toPromptText(turn: Turn, remembers: boolean): string {
  const messages = toModelMessages(remembers ? { ...turn, history: [] } : turn);
  const texts = messages.map(({ role, content }) => ({ role, text: typeof content === 'string' ? content : '' }));
  const current = texts.pop()?.text ?? turn.text;
  if (texts.length === 0) return current;
  const earlier = texts.map(({ role, text }) => `${role === 'user' ? 'User' : 'You'}: ${text}`);
  return ['[Earlier in this conversation]', ...earlier, '', '[The message to answer now]', current].join('\n');
}
