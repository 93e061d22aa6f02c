import type { Workspace } from '@molecule/contract';
import { isAtWork } from '../../model/blast-radius.js';
import { brokenOff } from '../lifecycle/verb-words.js';

/** Says what a change did to the running agents, as the server counted them. */
export function restartNote(restarts: number): string {
  if (restarts === 0) return 'No agent had to start again.';
  return restarts === 1 ? 'One agent starts again.' : `${restarts} agents start again.`;
}

/** The same with names while they are few enough to be read in passing. */
export function restartNoteOf(names: readonly string[]): string {
  const [first, second, third] = names;
  if (first === undefined || third !== undefined) return restartNote(names.length);
  return second === undefined ? `${first} starts again.` : `${first} and ${second} start again.`;
}

/** What the dialog says before a change that starts agents again. */
export function wordsForRestarts(affected: readonly Workspace[], effect: string) {
  const busy = affected.some(isAtWork);
  return {
    effect: affected.length === 0 ? `${effect} No agent has to start again.` : `${effect} ${startsLine(affected)}`,
    kept: 'Files, configuration, conversations and the messages that wait.',
    lost: busy ? brokenOff : 'Nothing.',
  };
}

function startsLine(affected: readonly Workspace[]): string {
  const [only] = affected;
  if (only !== undefined && affected.length === 1) return `${only.name} starts again.`;
  return 'These agents start again:';
}
