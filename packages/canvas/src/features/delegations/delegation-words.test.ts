import { expect, it } from 'vitest';
import { countOf, isView, views } from './delegation-words.js';

const counts = { queued: 1, dispatched: 2, in_progress: 4, completed: 8, failed: 16, stuck: 32 };

it('every delegation is counted in exactly one view', () => {
  expect(views.map(({ id }) => countOf(id, counts))).toEqual([7, 32, 16, 8]);
});

it('an address may name only a view that exists', () => {
  expect(views.every(({ id }) => isView(id))).toBe(true);
  expect([isView('queued'), isView(null), isView('')]).toEqual([false, false, false]);
});
