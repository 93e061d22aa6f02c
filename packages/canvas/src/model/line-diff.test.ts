import fc from 'fast-check';
import { expect, it } from 'vitest';
import { diffLines, hunksOf } from './line-diff.js';

const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((lines) => lines.join('\n'));
const sideOf = (lines: ReturnType<typeof diffLines>, side: 'before' | 'after') =>
  lines
    .filter((line) => line[side] !== null)
    .map((line) => line.text)
    .join('\n');

it('both texts can be read back from the comparison', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      expect(sideOf(lines, 'before')).toBe(before);
      expect(sideOf(lines, 'after')).toBe(after);
    }),
  );
});

it('equal texts differ nowhere', () => {
  fc.assert(
    fc.property(text, (one) => {
      expect(hunksOf(diffLines(one, one))).toEqual([]);
    }),
  );
});

it('a changed line is its removal and its addition, with the lines around it', () => {
  const before = ['1', '2', '3', '4', 'old', '6', '7', '8', '9'].join('\n');
  const [hunk, ...more] = hunksOf(diffLines(before, before.replace('old', 'new')), 2);
  expect(more).toEqual([]);
  expect(hunk?.skipped).toBe(2);
  expect(hunk?.lines.map(({ kind, text: line }) => `${kind[0]} ${line}`)).toEqual([
    's 3',
    's 4',
    'r old',
    'a new',
    's 6',
    's 7',
  ]);
});

it('texts too large to compare are told as one replacement', () => {
  const many = (word: string) => Array.from({ length: 2_100 }, (_, index) => `${word}${index}`).join('\n');
  const lines = diffLines(many('a'), many('b'));
  expect(lines.filter((line) => line.kind === 'removed')).toHaveLength(2_100);
  expect(lines.filter((line) => line.kind === 'same')).toHaveLength(0);
});
