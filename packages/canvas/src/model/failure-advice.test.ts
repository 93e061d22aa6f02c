import { expect, it } from 'vitest';
import { buildWorkspace } from './builders.js';
import { adviseOn, isAboutKeys } from './failure-advice.js';

const failed = buildWorkspace({ id: 'w', status: 'failed', last_sample_error: 'missing model key' });

it('names the keys that are missing and leads to the settings', () => {
  const advice = adviseOn(failed, { reason: null, missing: ['OPENAI_API_KEY'], logTail: null });
  expect(advice).toMatchObject({ title: 'missing model key', next: 'secrets' });
  expect(advice?.advice).toContain('OPENAI_API_KEY');
});

it('a crash loop leads to the log', () => {
  expect(
    adviseOn({ ...failed, last_sample_error: '' }, { reason: 'crash_loop', missing: [], logTail: 'x' })?.next,
  ).toBe('logs');
});

it('a program that could not be installed is told with what to do, and without a log that does not exist', () => {
  const text = 'Cannot install codex 1.2.3: npm was not found. Install npm, then restart the agent.';
  const stuck = { ...failed, last_sample_error: text };
  expect(adviseOn(stuck, { reason: 'runtime_install_failed', missing: [], logTail: null })).toMatchObject({
    advice: text,
    next: 'wait',
  });
});

it('every problem has a next step, everything else is left in peace', () => {
  expect(adviseOn(buildWorkspace({ id: 'w', status: 'degraded' }), undefined)?.next).toBe('logs');
  expect(adviseOn(buildWorkspace({ id: 'w', status: 'offline' }), undefined)?.next).toBe('wait');
  expect(adviseOn(buildWorkspace({ id: 'w', status: 'hibernated' }), undefined)).toBeNull();
});

it('the title is the sentence, without the log that the server keeps below it', () => {
  const crashed = { ...failed, last_sample_error: 'It ended five times.\n\nboom\n\nat line 3' };
  expect(adviseOn(crashed, undefined)?.title).toBe('It ended five times.');
});

it('a reason that names a key leads to the settings', () => {
  expect(isAboutKeys('The key in ANTHROPIC_API_KEY was refused by Anthropic.')).toBe(true);
  expect(isAboutKeys('OPENAI_BASE_URL is set, but OPENAI_MODEL does not say which model to ask for.')).toBe(true);
  expect(isAboutKeys('Anthropic is overloaded. Try again in a minute.')).toBe(false);
});
