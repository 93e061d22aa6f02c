import { basename, delimiter, dirname, isAbsolute, relative } from 'node:path';

const USUAL = './molecule';

/**
 * How to call this program again from where the person is, so that what a hint says can be typed. Node is told the
 * absolute path of the script only, not the word that was typed.
 */
export function programName(script: string | undefined, cwd: string, searchPath: string | undefined): string {
  if (script === undefined || basename(script) !== 'molecule') return USUAL;
  const folder = dirname(script);
  if (searchPath?.split(delimiter).includes(folder)) return 'molecule';
  const fromHere = relative(cwd, script);
  if (isAbsolute(fromHere)) return script;
  const typed = fromHere.startsWith('..') ? fromHere : `./${fromHere}`;
  return typed.length < script.length ? typed : script;
}
