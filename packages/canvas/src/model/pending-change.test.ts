import { expect, it } from 'vitest';
import { buildWorkspace } from './builders.js';
import { pendingChange } from './pending-change.js';

const agent = (change = {}) => buildWorkspace({ id: 'a', runtime: 'llm', template: 'writer', ...change });

it('an agent that runs on what is stored has nothing pending', () => {
  expect(pendingChange(agent())).toBeNull();
});

it('what waits for a restart is told before a template that merely has other files', () => {
  const both = pendingChange(agent({ needs_restart: true, template_changed: true }));
  expect(both?.title).toBe('Changes wait for a restart');
  expect(pendingChange(agent({ template_changed: true }))?.advice).toContain('“writer”');
});

it('a failure, and an agent that others start, hide it', () => {
  const change = { needs_restart: true };
  expect(pendingChange(agent({ ...change, status: 'failed', last_sample_error: 'no credit' }))).toBeNull();
  expect(pendingChange(agent({ ...change, runtime: 'external' }))).toBeNull();
});
