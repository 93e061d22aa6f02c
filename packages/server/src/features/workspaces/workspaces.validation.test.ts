import { describe, expect, it } from 'vitest';
import { AppError } from '../../platform/http/app-error.js';
import {
  checkCreateFields,
  checkPatchFields,
  parseAccess,
  parseParentId,
  parseWorkspaceDir,
} from './workspaces.validation.js';

/** What a caller is told, as `error` of the answer; null when nothing is refused. */
function refusalOf(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}

const onCreate = (field: string, text: string) => refusalOf(() => checkCreateFields({ name: 'Ada', [field]: text }));
const onPatch = (field: string, text: string) => refusalOf(() => checkPatchFields({ [field]: text }));

const LIMITS = { name: 255, role: 1_000, model: 100, runtime: 100 } as const;
const PATCHED = ['name', 'role', 'runtime'] as const;
const PLAIN = ['name', 'role'] as const;

describe('the texts of a workspace', () => {
  it.each(Object.entries(LIMITS))('%s may have %i bytes and not one more', (field, bytes) => {
    expect(onCreate(field, 'x'.repeat(bytes))).toBeNull();
    expect(onCreate(field, 'x'.repeat(bytes + 1))).toBe('invalid workspace fields');
  });

  it.each(Object.entries(LIMITS))('%s is measured in bytes, as the predecessor did', (field, bytes) => {
    expect(onCreate(field, 'é'.repeat(Math.floor(bytes / 2)))).toBeNull();
    expect(onCreate(field, 'é'.repeat(Math.floor(bytes / 2) + 1))).toBe('invalid workspace fields');
  });

  it.each([
    ['name', 'name must be at most 255 characters'],
    ['role', 'role must be at most 1000 characters'],
    ['runtime', 'runtime must be at most 100 characters'],
  ] as const)('a %s that is too long is refused on patch with: %s', (field, text) => {
    expect(onPatch(field, 'x'.repeat(LIMITS[field]))).toBeNull();
    expect(onPatch(field, 'x'.repeat(LIMITS[field] + 1))).toBe(text);
  });

  it.each(Object.keys(LIMITS))('%s may not hold a line break', (field) => {
    for (const text of ['a\nb', 'a\rb', '\n', 'a\r\n']) {
      expect(onCreate(field, text)).toBe(
        field === 'name' && text.trim() === '' ? 'invalid workspace payload' : 'invalid workspace fields',
      );
    }
  });

  it.each(PATCHED)('a line break in %s is named on patch', (field) => {
    for (const text of ['a\nb', 'a\rb'])
      expect(onPatch(field, text)).toBe(`${field} must not contain newline characters`);
  });

  it.each([...'{}[]|>*&!'])('%s may stand in a model and a runtime, but not in a name or a role', (character) => {
    for (const field of PLAIN) {
      expect(onCreate(field, `a${character}b`)).toBe('invalid workspace fields');
      expect(onPatch(field, `a${character}b`)).toBe(`${field} contains invalid characters`);
    }
    for (const field of ['model', 'runtime']) expect(onCreate(field, `a${character}b`)).toBeNull();
    expect(onPatch('runtime', `a${character}b`)).toBeNull();
  });

  it('every other printable character may stand in a name and a role', () => {
    const printable = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index))
      .join('')
      .replace(/[{}[\]|>*&!]/g, '');
    for (const text of [printable, 'Zoë – 研究員 😀', 'a\u00a0b']) {
      for (const field of PLAIN) {
        expect(onCreate(field, text)).toBeNull();
        expect(onPatch(field, text)).toBeNull();
      }
    }
  });

  it('control characters and halves of characters are refused in every field', () => {
    const controls = Array.from({ length: 0x20 }, (_, code) => code).filter((code) => code !== 0x0a && code !== 0x0d);
    const halves = ['\ud83d', '\ude00', 'a\ud800b'];
    for (const text of [...[...controls, 0x7f, 0x80, 0x9f].map((code) => String.fromCharCode(code)), ...halves]) {
      for (const field of Object.keys(LIMITS)) expect(onCreate(field, `a${text}`)).toBe('invalid workspace fields');
      for (const field of PATCHED) expect(onPatch(field, `a${text}`)).toBe(`${field} contains invalid characters`);
    }
  });

  it('a name must say something; everything else may be empty', () => {
    for (const name of [' ', '\u00a0', '\t']) {
      expect(onCreate('name', name)).toBe('invalid workspace payload');
    }
    expect(onPatch('name', '')).toBe('name must not be empty');
    expect(onPatch('name', '  ')).toBe('name must not be empty');
    for (const field of ['role', 'model', 'runtime']) expect(onCreate(field, '')).toBeNull();
    for (const field of ['role', 'runtime']) expect(onPatch(field, '')).toBeNull();
    expect(refusalOf(() => checkPatchFields({}))).toBeNull();
    expect(refusalOf(() => checkPatchFields({ role: null }))).toBeNull();
  });

  it('a position is given whole', () => {
    for (const half of [{ x: 1 }, { y: 1 }]) {
      expect(refusalOf(() => checkPatchFields(half))).toBe('x and y must be given together');
    }
    expect(refusalOf(() => checkPatchFields({ x: 0, y: 0 }))).toBeNull();
  });
});

describe('the folder of an owner', () => {
  it.each([
    ['/home/ada/work', '/home/ada/work'],
    ['/home/ada/work/', '/home/ada/work'],
    ['/home//ada/./work', '/home/ada/work'],
    ['/usrlocal', '/usrlocal'],
    ['/library/x', '/library/x'],
    ['/home/etc', '/home/etc'],
    ['/tmp', '/tmp'],
  ])('%s is taken', (given, cleaned) => {
    expect(parseWorkspaceDir(given)).toBe(cleaned);
  });

  it.each([null, undefined, ''])('%j means none', (none) => {
    expect(parseWorkspaceDir(none)).toBeNull();
  });

  const system = ['/etc', '/var', '/proc', '/sys', '/dev', '/boot', '/sbin', '/bin', '/lib', '/usr'];
  it.each(system)('%s is refused, whatever the spelling, and so is all below it', (folder) => {
    for (const path of [folder, `${folder}/`, `/${folder}`, `/.${folder}`, `${folder}/./x`, `${folder}//x`]) {
      expect({ path, refused: refusalOf(() => parseWorkspaceDir(path)) }).toEqual({
        path,
        refused: 'invalid workspace directory',
      });
    }
  });

  it.each([
    'work',
    './work',
    '~/work',
    ' /home/ada',
    'C:\\work',
    '/home/../etc',
    '/home/ada/..',
    '/home/a..b',
    '..',
    '/',
    '//',
    '/.',
    '/home/a\0b',
    '/home/a\nb',
    '/home/a\ud800',
  ])('%j is refused', (path) => {
    expect(refusalOf(() => parseWorkspaceDir(path))).toBe('invalid workspace directory');
  });
});

describe('what an agent may do with the folder', () => {
  it.each([
    [undefined, null, 'none'],
    ['', null, 'none'],
    ['none', null, 'none'],
    ['none', '/home/ada', 'none'],
    [undefined, '/home/ada', 'none'],
    ['read_only', '/home/ada', 'read_only'],
    ['read_write', '/home/ada', 'read_write'],
  ])('%j with the folder %j is %s', (given, folder, access) => {
    expect(parseAccess(given, folder)).toBe(access);
  });

  it.each([
    ['read_only', null],
    ['read_write', null],
    ['write', '/home/ada'],
    ['READ_ONLY', '/home/ada'],
    [' none', null],
  ])('%j with the folder %j is refused', (given, folder) => {
    expect(refusalOf(() => parseAccess(given, folder))).toBe('invalid workspace access');
  });
});

describe('a parent', () => {
  it('is a UUID in any spelling, or none', () => {
    const id = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';
    expect(parseParentId(id.toUpperCase())).toBe(id);
    for (const none of [null, undefined, '']) expect(parseParentId(none)).toBeNull();
    for (const text of ['lead', '1', ' ', `${id}0`]) {
      expect(refusalOf(() => parseParentId(text))).toBe('parent_id is not a UUID');
    }
  });
});
