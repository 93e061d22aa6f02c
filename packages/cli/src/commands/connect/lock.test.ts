import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockFolder } from './lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'molecule-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('one process has the folder until it lets go, and nothing is left behind', async () => {
  const leave = await lockFolder(folder, 'Desk');
  await expect(lockFolder(folder, 'Desk')).rejects.toThrow(`another process on this machine already (${process.pid})`);
  expect(await readdir(folder)).toEqual(['pid']);
  await leave();
  expect(await readdir(folder)).toEqual([]);
});

it.each([
  ['whose number another process has now', JSON.stringify({ pid: process.pid, startTime: 'long ago' })],
  ['that nobody has the number of', JSON.stringify({ pid: 2 ** 30, startTime: '1' })],
  ['that a full disk left empty', ''],
])('the lock of a dead process %s is taken over', async (_, left) => {
  await writeFile(join(folder, 'pid'), left);
  const leave = await lockFolder(folder, 'Desk');
  await expect(lockFolder(folder, 'Desk')).rejects.toThrow('another process');
  await leave();
});

it('of two that want the folder of a dead process at once, one gets it', async () => {
  await writeFile(join(folder, 'pid'), JSON.stringify({ pid: process.pid, startTime: 'long ago' }));
  const outcomes = await Promise.allSettled([lockFolder(folder, 'Desk'), lockFolder(folder, 'Desk')]);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await readdir(folder)).toEqual(['pid']);
});
