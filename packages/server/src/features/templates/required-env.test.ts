import { expect, it } from 'vitest';
import { readRequiredEnv } from './required-env.js';

it.each([
  ['runtime_config:\n  required_env: [A_KEY, B_KEY, A_KEY]\n', ['A_KEY', 'B_KEY']],
  ['tier: nonsense\nruntime_config: { required_env: [A_KEY, 7, "", null] }\n', ['A_KEY']],
  ['runtime_config: { required_env: A_KEY }\n', []],
  ['runtime_config: text\n', []],
  ['- a list\n', []],
  ['', []],
])('%j asks for %j', (text, expected) => {
  expect(readRequiredEnv(text)).toEqual(expected);
});

it('says so when it is no YAML', () => {
  expect(readRequiredEnv('runtime_config: [')).toBeNull();
});
