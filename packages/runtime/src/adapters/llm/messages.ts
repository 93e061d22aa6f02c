import type { ModelMessage } from 'ai';
import type { Turn } from '../adapter.js';

// About 50,000 tokens: room for the prompt, the tools' results and the answer in a 200,000 token window.
const HISTORY_CHARS_MAX = 200_000;

/**
 * The conversation as the model sees it: earlier turns, newest kept, then this message with its sender named. What does
 * not fit is left out from the oldest on, and the model is told, so that it does not pretend to remember.
 */
export function toModelMessages(turn: Turn, historyCharsMax = HISTORY_CHARS_MAX): ModelMessage[] {
  const turns = turn.history.filter((entry) => entry.text.trim() !== '');
  const kept = newestWithin(turns, historyCharsMax);
  const omitted = turns.length - kept.length;
  return [
    ...(omitted > 0 ? [{ role: 'user' as const, content: omissionNote(omitted) }] : []),
    ...kept.map((entry): ModelMessage => ({ role: entry.role === 'user' ? 'user' : 'assistant', content: entry.text })),
    { role: 'user', content: currentMessage(turn) },
  ];
}

function newestWithin(turns: Turn['history'], charsMax: number): Turn['history'] {
  let chars = 0;
  let start = turns.length;
  while (start > 0) {
    chars += turns[start - 1]?.text.length ?? 0;
    if (chars > charsMax) break;
    start -= 1;
  }
  return turns.slice(start);
}

function omissionNote(count: number): string {
  const what =
    count === 1
      ? 'The earliest message of this conversation was'
      : `The ${count} earliest messages of this conversation were`;
  return `[${what} left out for length. Ask again for what you need from before.]`;
}

function currentMessage(turn: Turn): string {
  // Models refuse empty content; an attachment-only message arrives as one.
  const text = turn.text.trim() === '' ? '(The message has no text.)' : turn.text;
  if (turn.sender.kind === 'user') return text;
  return `Message from agent ${JSON.stringify(turn.sender.name ?? 'unnamed')} (id ${turn.sender.id}):\n\n${text}`;
}
