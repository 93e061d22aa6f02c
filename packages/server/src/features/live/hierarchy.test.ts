import { describe, expect, it } from 'vitest';
import { canCommunicate } from './hierarchy.js';

const tree = new Map<string, string | null>([
  ['root', null],
  ['other-root', null],
  ['lead', 'root'],
  ['peer', 'root'],
  ['worker', 'lead'],
  ['cousin', 'peer'],
  ['loop-a', 'loop-b'],
  ['loop-b', 'loop-a'],
  ['loop-c', 'loop-b'],
]);

describe('who sees whom on the live feed', () => {
  it.each([
    ['worker', 'worker', true],
    ['lead', 'peer', true],
    ['root', 'other-root', true],
    ['worker', 'lead', true],
    ['worker', 'root', true],
    ['root', 'worker', true],
    ['worker', 'cousin', false],
    ['worker', 'peer', false],
    ['worker', 'other-root', false],
    ['worker', 'nobody', false],
    ['nobody', 'root', false],
  ])('%s and %s: %s', (a, b, allowed) => {
    expect(canCommunicate(tree, a, b)).toBe(allowed);
  });

  it('a cycle ends and denies', () => {
    expect(canCommunicate(tree, 'loop-a', 'root')).toBe(false);
    expect(canCommunicate(tree, 'root', 'loop-c')).toBe(false);
  });
});
