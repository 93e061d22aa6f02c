import type { Program } from '../workspaces/index.js';
import { clip, MODEL_MAX } from './beat.js';

/** What an agent's card says about the program behind it (design §10); nothing for the card of a foreign agent. */
export function programOf(card: Readonly<Record<string, unknown>>): Program {
  const { demo, model } = card;
  return {
    demo: typeof demo === 'boolean' ? demo : undefined,
    model: typeof model === 'string' ? clip(model, MODEL_MAX) : model === null ? null : undefined,
  };
}
