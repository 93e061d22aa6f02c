import { expect, it } from 'vitest';
import { expandVariables } from './variables.js';

const braced = (name: string): string => ['$', `{${name}}`].join('');

it.each([
  [`/srv/${braced('A')}/x`, { text: '/srv/one/x' }],
  ['/srv/$A', { text: '/srv/one' }],
  ['costs $5', { text: 'costs $5' }],
  [`/srv/$B/${braced('C')}`, { unresolved: ['B', 'C'] }],
  [braced('EMPTY'), { unresolved: ['EMPTY'] }],
  [braced('constructor'), { unresolved: ['constructor'] }],
])('%s', (text, expected) => {
  expect(expandVariables(text, { A: 'one', EMPTY: '' })).toEqual(expected);
});
