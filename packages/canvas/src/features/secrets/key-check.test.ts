import { expect, it } from 'vitest';
import { remarkOn } from './key-check.js';

it.each([
  ['ANTHROPIC_API_KEY', 'sk-ant-api03-x'],
  ['ANTHROPIC_API_KEY', '  sk-ant-x\n'],
  ['OPENAI_API_KEY', 'sk-proj-x'],
  ['OPENAI_BASE_URL', 'http://127.0.0.1:11434/v1'],
  ['OPENAI_MODEL', 'anything at all'],
  ['MY_TOKEN', 'x'],
  ['ANTHROPIC_API_KEY', ''],
])('nothing is remarked on %s %j', (name, value) => {
  expect(remarkOn(name, value)).toBeNull();
});

it.each([
  ['ANTHROPIC_API_KEY', 'sk-proj-x', 'begin with sk-ant-'],
  ['OPENAI_API_KEY', 'sk-ant-x', 'key of Anthropic'],
  ['OPENAI_API_KEY', 'hello', 'begin with sk-'],
  ['OPENAI_API_KEY', 'sk-a sk-b', 'no spaces'],
])('%s %j may be saved after a warning', (name, value, says) => {
  expect(remarkOn(name, value)).toMatchObject({ severity: 'warning', text: expect.stringContaining(says) });
});

it('an address without its scheme is not saved', () => {
  expect(remarkOn('OPENAI_BASE_URL', '127.0.0.1:11434/v1')).toMatchObject({ severity: 'error' });
});

it('a server of one’s own may have keys of any form', () => {
  expect(remarkOn('OPENAI_API_KEY', 'hello', true)).toBeNull();
});
