import { expect, it } from 'vitest';
import type { Turn } from '../adapter.js';
import { toModelMessages } from './messages.js';

const turn = (text: string, history: Turn['history'] = []): Turn => ({
  messageId: 'm',
  taskId: 't',
  contextId: 'c',
  text,
  metadata: {},
  sender: { kind: 'user' },
  history,
});

it('keeps the newest turns that fit and says how many are left out', () => {
  const history = ['aaaa', 'bbbb', 'cccc', 'dddd'].map((text, index) => ({
    role: index % 2 === 0 ? ('user' as const) : ('agent' as const),
    text,
  }));
  expect(toModelMessages(turn('now', history), 9)).toEqual([
    { role: 'user', content: expect.stringContaining('The 2 earliest messages of this conversation were left out') },
    { role: 'user', content: 'cccc' },
    { role: 'assistant', content: 'dddd' },
    { role: 'user', content: 'now' },
  ]);
});

it('never sends empty content, which models refuse', () => {
  expect(toModelMessages(turn('  ', [{ role: 'agent', text: '' }]))).toEqual([
    { role: 'user', content: '(The message has no text.)' },
  ]);
});
