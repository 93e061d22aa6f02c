import { describe, expect, it } from 'vitest';
import { isTooDeep } from './json-depth.js';

const nested = (depth: number): string => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;

describe('the depth of JSON from outside', () => {
  it('passes 500 levels and refuses more', () => {
    expect(isTooDeep(nested(500))).toBe(false);
    expect(isTooDeep(nested(502))).toBe(true);
  });

  it('counts no bracket inside a text, escaped quotes included', () => {
    expect(isTooDeep(JSON.stringify({ text: `\\"${'['.repeat(2_000)}` }))).toBe(false);
    expect(isTooDeep(JSON.stringify({ text: '\\'.repeat(999) }) + nested(502))).toBe(true);
  });

  it('a long flat list is not deep', () => {
    expect(isTooDeep(JSON.stringify(Array.from({ length: 2_000 }, () => [{}])))).toBe(false);
  });
});
