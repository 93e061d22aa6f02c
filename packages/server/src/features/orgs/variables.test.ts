// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of this form are what is tested
import { expect, it } from 'vitest';
import { expandVariables } from './variables.js';

it.each([
  ['/srv/${A}/x', { text: '/srv/one/x' }],
  ['/srv/$A', { text: '/srv/one' }],
  ['costs $5', { text: 'costs $5' }],
  ['/srv/$B/${C}', { unresolved: ['B', 'C'] }],
  ['${EMPTY}', { unresolved: ['EMPTY'] }],
  ['${constructor}', { unresolved: ['constructor'] }],
])('%s', (text, expected) => {
  expect(expandVariables(text, { A: 'one', EMPTY: '' })).toEqual(expected);
});
