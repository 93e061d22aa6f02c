import { expect, it } from 'vitest';
import { add, failuresOf, isGreen, summary, totalsOf } from './results.mjs';

const report = (...files: { status: string; tests: string[] }[]) =>
  JSON.stringify({
    testResults: files.map(({ status, tests }) => ({
      status,
      assertionResults: tests.map((state) => ({ status: state })),
    })),
  });

it.each([
  [
    'counts each kind',
    report({ status: 'failed', tests: ['passed', 'failed', 'pending', 'skipped', 'todo'] }),
    1,
    [1, 1, 3],
  ],
  [
    'counts a file that does not load',
    report({ status: 'failed', tests: [] }, { status: 'passed', tests: ['passed'] }),
    1,
    [1, 1, 0],
  ],
  ['counts an error outside every test', report({ status: 'passed', tests: ['passed'] }), 1, [1, 1, 0]],
  ['counts a run that died without a report', null, 137, [0, 1, 0]],
  ['counts files that were never run', report(), 0, [0, 1, 0]],
])('%s', (_name, text, exitCode, [passed, failed, skipped]) => {
  expect(totalsOf(text, exitCode, 2)).toEqual({ passed, failed, skipped });
});

it('names what failed and why at the end, also a file that did not load', () => {
  const failed = {
    status: 'failed',
    fullName: 'a promise is kept',
    failureMessages: ['expected 1 to be 2\n  at x.ts:1'],
  };
  const text = JSON.stringify({
    testResults: [
      { name: 'a.test.ts', status: 'failed', message: '', assertionResults: [{ status: 'passed' }, failed] },
      { name: 'b.test.ts', status: 'failed', message: 'SyntaxError: x', assertionResults: [] },
      { name: 'c.test.ts', status: 'passed', message: '', assertionResults: [{ status: 'passed' }] },
    ],
  });
  expect(failuresOf(text)).toEqual([
    'a.test.ts: a promise is kept\n    expected 1 to be 2\n      at x.ts:1',
    'b.test.ts: did not load\n    SyntaxError: x',
  ]);
  expect(failuresOf(null)).toEqual([]);
});

it('adds up runs and prints them as the last line says', () => {
  const total = add({ passed: 1, failed: 0, skipped: 2 }, { passed: 3, failed: 1, skipped: 0 });
  expect(summary(total)).toBe('4 passed, 1 failed, 2 skipped');
});

it.each([
  [{ passed: 2, failed: 0, skipped: 5 }, true],
  [{ passed: 2, failed: 1, skipped: 0 }, false],
  [{ passed: 0, failed: 0, skipped: 5 }, false],
])('%o is green: %s', (totals, green) => {
  expect(isGreen(totals)).toBe(green);
});
