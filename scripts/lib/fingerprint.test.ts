import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprint } from './fingerprint.mjs';

let root: string;
const look = () => {
  const { quick, content } = fingerprint(['src', 'absent.json'], root);
  return { quick, content: content() };
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'molecule-fingerprint-'));
  mkdirSync(join(root, 'src/deep/node_modules'), { recursive: true });
  writeFileSync(join(root, 'src/deep/a.ts'), 'one');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the fingerprint of the sources', () => {
  it('stays the same while nothing changes', () => {
    expect(look()).toEqual(look());
  });

  it('notices a file that was changed, added or removed', () => {
    const before = look();
    writeFileSync(join(root, 'src/deep/a.ts'), 'two');
    const changed = look();
    writeFileSync(join(root, 'src/b.ts'), '');
    const added = look();
    rmSync(join(root, 'src/deep/a.ts'));
    const removed = look();
    const contents = [before, changed, added, removed].map((state) => state.content);
    expect(new Set(contents).size).toBe(4);
  });

  it('sees through a touched file: its time changed, its content did not', () => {
    const before = look();
    utimesSync(join(root, 'src/deep/a.ts'), new Date(0), new Date(0));
    const after = look();
    expect(after.quick).not.toBe(before.quick);
    expect(after.content).toBe(before.content);
  });

  it.each(['src/a.test.ts', 'src/a.suite.ts', 'src/deep/node_modules/x.js'])('does not count %s', (path) => {
    const before = look();
    writeFileSync(join(root, path), 'x');
    expect(look()).toEqual(before);
  });
});
