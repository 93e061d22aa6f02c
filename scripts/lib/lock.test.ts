import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from './lock.mjs';

let dir: string;
const lines: string[] = [];
const log = (line: string) => lines.push(line);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'molecule-lock-'));
  lines.length = 0;
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the install lock', () => {
  it('lets one script work at a time and the next one after it', async () => {
    const order: string[] = [];
    let finishFirst = () => {};
    const first = withLock(log, () => new Promise<void>((resolve) => (finishFirst = resolve)), { folder: dir });
    const second = withLock(log, async () => void order.push('second'), { folder: dir });
    await expect.poll(() => lines.join()).toContain(`pid ${process.pid}`);
    order.push('first');
    finishFirst();
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
    expect(existsSync(join(dir, 'lock'))).toBe(false);
  });

  it('is given back when the work fails', async () => {
    await expect(withLock(log, () => Promise.reject(new Error('no')), { folder: dir })).rejects.toThrow('no');
    expect(await withLock(log, async () => 'free', { folder: dir })).toBe('free');
  });

  it('is taken from a holder that was killed', async () => {
    writeFileSync(join(dir, 'lock'), '999999999');
    expect(await withLock(log, async () => 'free', { folder: dir })).toBe('free');
  });

  it('is taken from a pid that lives on as another process, which never refreshes it', async () => {
    writeFileSync(join(dir, 'lock'), String(process.ppid));
    expect(await withLock(log, async () => 'free', { folder: dir, staleMs: 400 })).toBe('free');
  });
});
