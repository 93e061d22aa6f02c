import { expect, it } from 'vitest';
import { buildWorkspace } from './builders.js';
import { cardNotes, demoReason, footOf } from './card-notes.js';

const agent = (change = {}) => buildWorkspace({ id: 'a', runtime: 'llm', ...change });

it('work under way is shown before the error of an earlier turn', () => {
  const working = agent({ current_task: 'Plan', active_tasks: 1, last_sample_error: 'no credit' });
  expect(footOf(working)).toEqual({ kind: 'working', task: 'Plan', count: 1 });
  expect(footOf({ ...working, current_task: '', active_tasks: 0 })).toEqual({ kind: 'error', text: 'no credit' });
});

it('a card tells what its start is doing, and only while it starts', () => {
  const starting = agent({ status: 'provisioning', start_progress: 'Installing codex 1.2.3… 40 %' });
  expect(footOf(starting)).toEqual({ kind: 'starting', text: 'Installing codex 1.2.3… 40 %' });
  expect(cardNotes(starting)).toEqual(['Installing codex 1.2.3… 40 %']);
  expect(footOf({ ...starting, status: 'online' })).toEqual({ kind: 'nothing' });
});

it('a card tells an error without the log that follows it', () => {
  const text = 'The key was refused. Save another one.';
  expect(footOf(agent({ last_sample_error: `${text}\n\nlast line of the log` }))).toEqual({ kind: 'error', text });
});

it('what a card cuts can be read in full, what it shows whole is not repeated', () => {
  const role = 'Finds out facts and reports them with their sources';
  expect(cardNotes(agent({ role, current_task: 'Plan' }))).toEqual([role]);
  expect(cardNotes(agent({ role: 'Writer' }))).toEqual([]);
});

it('a demo tells the reason its card gives', () => {
  const reason = 'OPENAI_BASE_URL is not an http or https address.';
  expect(demoReason(agent({ demo: true, agent_card: { demo_reason: reason } }))).toBe(reason);
  expect(demoReason(agent({ demo: true }))).toBe('No model key is configured.');
  expect(demoReason(agent({ demo: true, runtime: 'echo' }))).toContain('without a model');
  expect(demoReason(agent())).toBeNull();
});
