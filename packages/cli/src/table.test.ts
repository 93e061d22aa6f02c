import { describe, expect, it } from 'vitest';
import { table } from './table.js';
import { cutToWidth, widthOf } from './width.js';

describe('widthOf', () => {
  it.each([
    ['plain', 5],
    ['Grüße', 5],
    ['e\u0301', 1],
    ['漢字', 4],
    ['한국', 4],
    ['ｆｕｌｌ', 8],
    ['\u{1f680}', 2],
    ['\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', 2],
    ['\u{1f1e9}\u{1f1ea}', 2],
    ['a\u200bb', 2],
    ['', 0],
  ])('counts the columns of %j as %i', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });
});

it('aligns columns by what a terminal shows', () => {
  const text = table(
    ['NAME', 'STATUS'],
    [
      ['漢字', 'online'],
      ['Lead', 'failed'],
      ['\u{1f680}x', ''],
    ],
  );
  expect(text.split('\n')).toEqual(['NAME  STATUS', '漢字  online', 'Lead  failed', '\u{1f680}x']);
});

it('keeps a cell on one line and free of control characters', () => {
  expect(table(['A', 'B'], [['x\r\n\ty\u001b[31m', 'z']])).toBe('A    B\nx y  z');
});

it('cuts by columns and never inside a character', () => {
  expect(cutToWidth('漢字漢字', 5)).toBe('漢字…');
  expect(cutToWidth('short', 5)).toBe('short');
  expect(cutToWidth('longer', 5)).toBe('long…');
});
