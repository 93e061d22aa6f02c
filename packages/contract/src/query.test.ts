import { describe, expect, it } from 'vitest';
import {
  choice,
  flag,
  lenientInteger,
  optionalUuid,
  type Param,
  parseUuid,
  pathText,
  strictInteger,
  text,
  timestamp,
  workspaceId,
} from './query.js';

const ID = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';
const REFUSED = Symbol('refused');

function read<T>(param: Param<T>, raw: string | undefined): T | typeof REFUSED {
  const parsed = param.parse(raw);
  return parsed.ok ? parsed.value : REFUSED;
}

describe('a UUID in any form a parser accepts', () => {
  it.each([
    ['as written', ID],
    ['upper case', ID.toUpperCase()],
    ['in braces', `{${ID}}`],
    ['as a urn', `urn:uuid:${ID}`],
    ['as an upper-case urn', `URN:UUID:${ID.toUpperCase()}`],
    ['without dashes', ID.replaceAll('-', '')],
    ['with blanks around it', ` ${ID}\n`],
  ])('%s becomes the lower-case form', (_what, raw) => {
    expect(parseUuid(raw)).toBe(ID);
    expect(read(workspaceId, raw)).toBe(ID);
    expect(read(optionalUuid('x'), raw)).toBe(ID);
  });

  it.each([
    '',
    ' ',
    'not-a-uuid',
    ID.slice(1),
    `${ID}0`,
    `{${ID}`,
    `${ID}}`,
    `${ID}/../${ID}`,
    `${ID}\u0000`,
    ID.replace('a', 'g'),
    ID.replaceAll('-', '_'),
    'null',
    '0',
  ])('%j is refused, never guessed', (raw) => {
    expect(parseUuid(raw)).toBeNull();
    expect(workspaceId.parse(raw)).toMatchObject({ ok: false, code: 'invalid_workspace_id' });
    expect(optionalUuid('x').parse(raw)).toMatchObject({ ok: false, code: 'invalid_query' });
  });

  it('may be absent only where it is optional', () => {
    expect(workspaceId.parse(undefined).ok).toBe(false);
    expect(optionalUuid('x').parse(undefined)).toEqual({ ok: true, value: undefined });
  });
});

describe('a timestamp', () => {
  it.each([
    ['2026-11-21T04:45:52Z', '2026-11-21T04:45:52.000Z'],
    ['2026-11-21t04:45:52z', '2026-11-21T04:45:52.000Z'],
    ['2026-11-21T04:45:52.123456789Z', '2026-11-21T04:45:52.123Z'],
    ['2026-11-21T04:45:52+02:00', '2026-11-21T02:45:52.000Z'],
    // An unencoded '+' arrives as a space.
    ['2026-11-21T04:45:52 02:00', '2026-11-21T02:45:52.000Z'],
    ['2026-11-21T04:45:52-05:30', '2026-11-21T10:15:52.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('B-70: %s is the instant %s', (raw, instant) => {
    expect(read(timestamp('x'), raw)).toEqual(new Date(instant));
  });

  it.each([
    '',
    '2026-11-21',
    '2026-11-21 04:45:52Z',
    '2026-11-21T04:45:52',
    '2026-11-21T04:45Z',
    '1763700352',
    '1763700352000',
    'yesterday',
    'now()',
    '2026-13-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-11-21T25:00:00Z',
    '2026-11-21T04:61:00Z',
    '2026-11-21T04:45:52+2:00',
    '12026-11-21T04:45:52Z',
    "2026-11-21T04:45:52Z' or true--",
  ])('B-70: %j is refused', (raw) => {
    expect(timestamp('x').parse(raw)).toMatchObject({ ok: false, code: 'invalid_query' });
  });

  it('is absent when not given', () => {
    expect(timestamp('x').parse(undefined)).toEqual({ ok: true, value: undefined });
  });
});

describe('a lenient integer, as legacy lists read limit', () => {
  it.each([
    [undefined, 100],
    ['', 100],
    ['0', 100],
    ['-5', 100],
    ['1.5', 100],
    ['1e3', 100],
    ['0x10', 100],
    ['abc', 100],
    [' 7', 100],
    ['99999999999999999999', 100],
    ['1', 1],
    ['007', 7],
    ['500', 500],
    ['501', 500],
    ['999999999', 500],
  ])('%j gives %i', (raw, value) => {
    expect(read(lenientInteger('x', 100, 500), raw)).toBe(value);
  });
});

describe('a strict integer', () => {
  it.each([
    [undefined, undefined],
    ['0', 0],
    ['25', 25],
    ['007', 7],
  ])('%j gives %j', (raw, value) => {
    expect(read(strictInteger('x', 0, 25), raw)).toBe(value);
  });

  it.each([
    '',
    ' ',
    '-1',
    '26',
    '1.0',
    '1e1',
    '0x1',
    '+1',
    'true',
    'null',
    '١',
    'NaN',
    'Infinity',
    '99999999999999999',
  ])('%j is refused with its bounds', (raw) => {
    expect(strictInteger('x', 0, 25).parse(raw)).toEqual({
      ok: false,
      code: 'invalid_query',
      reason: 'must be an integer from 0 to 25',
    });
  });

  it('reaches up to the largest number that is exact', () => {
    const param = strictInteger('x', 0, Number.MAX_SAFE_INTEGER);
    expect(read(param, '9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    expect(read(param, '9007199254740992')).toBe(REFUSED);
    expect(read(param, '-0')).toBe(REFUSED);
  });
});

describe('a flag', () => {
  it('is set by the literal true and by nothing else', () => {
    expect(read(flag('x'), 'true')).toBe(true);
    for (const raw of [undefined, '', 'TRUE', 'True', '1', 'yes', 'on', ' true', 'false', 'truely']) {
      expect([raw, read(flag('x'), raw)]).toEqual([raw, false]);
    }
  });
});

describe('a choice', () => {
  const param = choice('x', ['canvas', 'agent'], 'invalid_activity_source');
  it('is one of its values, or absent when empty', () => {
    expect(read(param, 'canvas')).toBe('canvas');
    expect(read(param, '')).toBeUndefined();
    expect(read(param, undefined)).toBeUndefined();
  });
  it.each(['Canvas', 'canvas ', 'toString', '__proto__', '0'])('%j is refused with its own code', (raw) => {
    expect(param.parse(raw)).toMatchObject({ ok: false, code: 'invalid_activity_source' });
  });
});

describe('a text', () => {
  it('is taken as it is up to its length', () => {
    expect(read(text('x', { maxLength: 3 }), 'abc')).toBe('abc');
    expect(read(text('x'), '')).toBe('');
    expect(read(text('x'), undefined)).toBeUndefined();
    expect(text('x', { maxLength: 3 }).parse('abcd')).toMatchObject({ ok: false, code: 'invalid_query' });
    expect(text('x').parse('x'.repeat(1025)).ok).toBe(false);
  });

  it('in a path must have the form of its parameter', () => {
    const param = pathText('x', /^[a-z]{3}$/, 'secret_not_found');
    expect(read(param, 'abc')).toBe('abc');
    for (const raw of [undefined, '', 'ab', 'abcd', 'ABC', '../']) {
      expect(param.parse(raw)).toMatchObject({ ok: false, code: 'secret_not_found' });
    }
  });
});
