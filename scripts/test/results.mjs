// What vitest's JSON report says, as three numbers. Whatever ends a run without a report counts as a failure.

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

export const NOTHING = { passed: 0, failed: 0, skipped: 0 };

/**
 * @param {string | null} report the report's text, null when vitest left none
 * @param {number} exitCode
 * @param {number} files how many test files there are to run
 * @returns {Totals}
 */
export function totalsOf(report, exitCode, files) {
  if (report === null) return { ...NOTHING, failed: exitCode === 0 ? 0 : 1 };
  /** @type {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} */
  const { testResults } = JSON.parse(report);
  const totals = testResults.map(totalsOfFile).reduce(add, NOTHING);
  // Files that vitest does not see would otherwise pass in silence.
  if (files > 0 && testResults.length === 0) return { ...totals, failed: 1 };
  // An unhandled rejection or a failing global setup fails the run without failing a test.
  return exitCode !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
}

/**
 * What failed, by name and with the first lines of why: a reader of a long log finds it at its end.
 *
 * @param {string | null} report the report's text, null when vitest left none
 * @returns {string[]} one text of some lines for each failed test, or for a file that did not load
 */
export function failuresOf(report) {
  if (report === null) return [];
  /** @type {{ testResults: FileResult[] }} */
  const { testResults } = JSON.parse(report);
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [failure(name, 'did not load', [message])] : [];
    return failed.map(({ fullName, failureMessages }) => failure(name, fullName, failureMessages));
  });
}

/**
 * @typedef {{
 *   name: string, status: string, message: string,
 *   assertionResults: { status: string, fullName: string, failureMessages: string[] }[],
 * }} FileResult
 */

const REASON_LINES = 12;

/** @param {string} file @param {string} test @param {string[]} messages */
function failure(file, test, messages) {
  const lines = messages.join('\n').split('\n').slice(0, REASON_LINES);
  return [`${file}: ${test}`, ...lines.map((line) => `    ${line}`)].join('\n');
}

/** @param {{ status: string, assertionResults: { status: string }[] }} file @returns {Totals} */
function totalsOfFile({ status, assertionResults }) {
  const count = (/** @type {string[]} */ ...states) =>
    assertionResults.filter((test) => states.includes(test.status)).length;
  const failed = count('failed');
  return {
    passed: count('passed'),
    // A file that does not load has no tests and has failed all the same.
    failed: status === 'failed' && failed === 0 ? 1 : failed,
    skipped: count('pending', 'skipped', 'todo', 'disabled'),
  };
}

/** @param {Totals} a @param {Totals} b @returns {Totals} */
export function add(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The last line of `npm test`. @param {Totals} totals */
export function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** A run in which nothing was tested has shown nothing. @param {Totals} totals */
export function isGreen({ passed, failed }) {
  return failed === 0 && passed > 0;
}
