import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitBeginning, fitEnd, jsonBytes } from './fit-text.js';

const texts = fc.string({ unit: 'binary', maxLength: 60 });
const limits = fc.integer({ min: 3, max: 80 });

describe.each([
  ['fitBeginning', fitBeginning, (text: string, kept: string) => text.startsWith(kept.slice(0, -1))],
  ['fitEnd', fitEnd, (text: string, kept: string) => text.endsWith(kept.slice(1))],
] as const)('%s', (_, shorten, isPart) => {
  it('leaves alone what fits', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(shorten(text, jsonBytes(text))).toBe(text);
      }),
    );
  });

  it('keeps whole characters of its side of the text, as many as the bytes allow', () => {
    fc.assert(
      fc.property(texts, limits, (text, max) => {
        const kept = shorten(text, max);
        expect(jsonBytes(kept)).toBeLessThanOrEqual(max);
        if (kept === text) return;
        expect(isPart(text, kept)).toBe(true);
        expect(kept).not.toMatch(/\p{Cs}/u);
        expect(jsonBytes(kept)).toBeGreaterThan(max - 6);
      }),
    );
  });
});
