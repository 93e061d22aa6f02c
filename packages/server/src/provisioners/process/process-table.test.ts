import { describe, expect, it } from 'vitest';
import { createHostProcessTable } from './host-process-table.js';
import { parsePsLine } from './process-table.darwin.js';
import { isSameProcess, membersOf, type ProcessFacts } from './process-table.js';
import { createLinuxProcessTable, parseStat, pickEnvironment } from './process-table.linux.js';

const facts = (pid: number, changes: Partial<ProcessFacts> = {}): ProcessFacts => ({
  pid,
  groupId: pid,
  sessionId: pid,
  startTime: '100',
  env: {},
  ...changes,
});

const leader = { pid: 50, startTime: '100', instanceId: 'i-1' };
const carrying = { MOLECULE_INSTANCE_ID: 'i-1', MOLECULE_RUN_DIR: '/d/run' };

describe('the identity of a process', () => {
  it.each([
    ['another number', facts(51, { env: carrying })],
    ['another start time', facts(50, { startTime: '101', env: carrying })],
    ['another instance id', facts(50, { env: { MOLECULE_INSTANCE_ID: 'i-2' } })],
    ['no instance id', facts(50)],
  ])('is broken by %s', (_difference, other) => {
    expect(isSameProcess(other, leader)).toBe(false);
    expect(isSameProcess(facts(50, { env: carrying }), leader)).toBe(true);
  });
});

describe('membership', () => {
  const processes = [
    facts(50, { env: carrying }),
    facts(60, { env: carrying }),
    facts(61, { groupId: 50, sessionId: 50 }),
    facts(62, { sessionId: 50 }),
    facts(70, { env: { MOLECULE_INSTANCE_ID: 'i-0', MOLECULE_RUN_DIR: '/d/run' } }),
    facts(80, { env: { MOLECULE_INSTANCE_ID: 'i-9', MOLECULE_RUN_DIR: '/e/run' } }),
  ];
  const pidsOf = (target: Parameters<typeof membersOf>[1]) => membersOf(processes, target).map(({ pid }) => pid);

  it('counts the group and session of a leader only while its number is certainly its own', () => {
    expect(pidsOf({ identity: leader, runDir: null, ownsGroup: true })).toEqual([50, 60, 61, 62]);
    expect(pidsOf({ identity: leader, runDir: null, ownsGroup: false })).toEqual([50, 60]);
  });

  it('by run folder takes in earlier instances of the workspace, and no other workspace', () => {
    expect(pidsOf({ identity: null, runDir: '/d/run', ownsGroup: false })).toEqual([50, 60, 70]);
  });
});

describe('reading /proc', () => {
  it('copes with any command name and does not count zombies', () => {
    const tail = '1 7 8 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0';
    expect(parseStat(`42 (a) b (c) S ${tail}`)).toEqual({ pid: 42, groupId: 7, sessionId: 8, startTime: '4711' });
    expect(parseStat(`42 (node) Z ${tail}`)).toBeNull();
    expect(parseStat('')).toBeNull();
  });

  it('picks variables by their whole name', () => {
    const environ = Buffer.from('XMODEL=1\0MODEL=a=b\0EMPTY=\0broken');
    expect(pickEnvironment(environ, ['MODEL', 'EMPTY', 'broken'])).toEqual({ MODEL: 'a=b', EMPTY: '' });
  });

  it('fails on a host without /proc instead of calling every process gone', async () => {
    const table = createLinuxProcessTable('/nonexistent');
    await expect(table.find(1, [])).rejects.toThrow('ENOENT');
    await expect(table.all([])).rejects.toThrow('ENOENT');
  });
});

describe('reading ps on macOS', () => {
  const line =
    '  501   501 Ss   Sat Nov 21 03:05:47 2026     /usr/local/bin/node /r/main.js A=1 MOLECULE_INSTANCE_ID=i-1 MOLECULE_RUN_DIR=/Users/x/Application Support/run HOME=/h';

  it('takes values up to the next variable', () => {
    expect(parsePsLine(line, ['MOLECULE_INSTANCE_ID', 'MOLECULE_RUN_DIR', 'MODEL'])).toEqual({
      pid: 501,
      groupId: 501,
      sessionId: null,
      startTime: 'Sat Nov 21 03:05:47 2026',
      env: { MOLECULE_INSTANCE_ID: 'i-1', MOLECULE_RUN_DIR: '/Users/x/Application Support/run' },
    });
  });

  it('skips zombies and anything else', () => {
    expect(parsePsLine(line.replace('Ss  ', 'Z   '), [])).toBeNull();
    expect(parsePsLine('', [])).toBeNull();
  });
});

it('a system that cannot be asked is refused by name', () => {
  expect(() => createHostProcessTable('win32')).toThrow('win32');
});
