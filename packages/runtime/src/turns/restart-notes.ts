import type { Clock } from '../clock.js';
import { type Journal, type JournalEntry, turnKey } from '../journal/journal.js';
import { type Log, reasonOf } from '../log.js';
import type { TurnOutcome, TurnRequest } from './turn-outcome.js';

/**
 * What the platform tells an agent about a restart (contract lifecycle §2.8). It makes no turn: it is acknowledged at once
 * and told to the next turn. Kept in the journal until a turn that had it has ended well, so that neither a crash of the
 * agent nor one of that turn loses it.
 */
export interface RestartNotes {
  /** Takes it. Resolves with the acknowledgement once it is on disk. */
  take(request: TurnRequest): Promise<TurnOutcome>;
  /** What the next turn is to be told: the newest, which speaks for those before it. Null when there is nothing. */
  pending(): RestartNote | null;
  /** A turn that had it has ended well: it, and what it stands for, is told to no other. */
  spend(note: RestartNote): void;
}

export interface RestartNote {
  readonly key: string;
  readonly text: string;
}

const NOTED: TurnOutcome = {
  state: 'completed',
  text: 'Noted.',
  reply: 'message',
  artifacts: [],
  usage: null,
  tools: [],
};

export function createRestartNotes(journal: Journal, clock: Clock, log: Log): RestartNotes {
  const untold = (): readonly JournalEntry[] =>
    journal.entries().filter((entry) => entry.request.isRestartContext === true && !entry.isForgotten);

  return {
    async take(request) {
      const at = clock.now().toISOString();
      const key = turnKey(request);
      const accepted = journal.find(key) ? Promise.resolve() : journal.accept(request, at);
      await Promise.all([accepted, journal.finish(key, NOTED, at)]);
      log.info('restart_context_taken', { message_id: request.messageId });
      return NOTED;
    },
    pending() {
      const newest = untold().at(-1);
      return newest ? { key: turnKey(newest.request), text: newest.request.text } : null;
    },
    spend(note) {
      const keys = untold().map((entry) => turnKey(entry.request));
      for (const key of keys.slice(0, keys.indexOf(note.key) + 1)) {
        journal
          .forget(key)
          .catch((error: unknown) => log.warn('restart_context_not_spent', { reason: reasonOf(error) }));
      }
    },
  };
}
