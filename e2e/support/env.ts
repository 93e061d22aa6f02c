/** What `npm test`, or a person, hands to these tests. */

const given = process.env.MOLECULE_TEST_CHROMIUM ?? '';

/** The Chromium to drive; null means that this machine has none, and the tests that need one are skipped and counted. */
export const chromiumPath = given === '' ? null : given;

/** A folder for pictures of every screen in both themes; null means that nobody wants to look at them. */
export const picturesFolder = process.env.MOLECULE_TEST_PICTURES ?? null;

/** What a program started by a test inherits: enough to find Node and git, nothing that configures Molecule. */
export function bareEnvironment(home: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: home, LANG: 'C.UTF-8' };
}
