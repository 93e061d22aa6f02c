import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toStorableJson, toStorableText } from './storable-json.js';

describe('storable JSON', () => {
  it('replaces what Postgres refuses, in keys and values, and nothing that only looks like it', () => {
    expect(JSON.parse(toStorableJson({ 'k\0': 'a\0b\ud800c', path: 'C:\\u0000\\ud83d' }))).toEqual({
      'k\ufffd': 'a\ufffdb\ufffdc',
      path: 'C:\\u0000\\ud83d',
    });
  });

  it('leaves every well-formed value as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('\\u0000'));
        expect(toStorableJson(value)).toBe(text);
      }),
    );
  });

  it('never yields NUL or a lone surrogate, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const parsed: unknown = JSON.parse(toStorableJson(a + String.fromCharCode(0xd800) + b));
        expect(String(parsed)).not.toContain('\0');
        expect(encodeURIComponent(String(parsed))).toContain('%EF%BF%BD');
      }),
    );
  });

  it('makes absence null', () => {
    expect(toStorableJson(undefined)).toBe('null');
  });

  it('cleans plain text too', () => {
    expect(toStorableText('a\0b')).toBe('a\ufffdb');
  });
});
