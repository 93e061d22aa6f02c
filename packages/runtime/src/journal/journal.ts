import { readFile } from 'node:fs/promises';
import type { Log } from '../log.js';
import type { TurnOutcome, TurnRequest } from '../turns/turn-outcome.js';
import { type AppendFile, openAppendFile } from './durable-file.js';

/**
 * What this workspace knows about every message it accepted. The promise it makes possible: a message id takes effect
 * once, even when the process is killed at any moment, and the platform can ask afterwards what became of it.
 */
export interface Journal {
  /** Resolves once the message is on disk. The entry is visible at once. */
  accept(request: TurnRequest, at: string): Promise<void>;
  /** Resolves once it is on disk that the turn began. */
  start(key: string): Promise<void>;
  /**
   * Resolves once it is on disk that no turn that has ended counts as part of a conversation any more. What was accepted stays
   * known: a message still takes effect once.
   */
  forgetConversations(): Promise<void>;
  /** The same for one turn that has ended. */
  forget(key: string): Promise<void>;
  /** Resolves once the outcome is on disk. A later outcome of the same turn replaces it. */
  finish(key: string, outcome: TurnOutcome, at: string): Promise<void>;
  find(key: string): JournalEntry | null;
  /** The latest turn with this message id or task id. */
  findByAnyId(id: string): JournalEntry | null;
  /** Oldest first. */
  entries(): readonly JournalEntry[];
  close(): Promise<void>;
}

export interface JournalEntry {
  readonly request: TurnRequest;
  readonly acceptedAt: string;
  readonly started: boolean;
  readonly outcome: TurnOutcome | null;
  readonly finishedAt: string | null;
  /** Not part of any conversation any more; still known by its ids. */
  readonly isForgotten: boolean;
}

export interface JournalOptions {
  readonly path: string;
  readonly log: Log;
  /** Finished turns that are remembered; unfinished ones always are. */
  readonly keepFinished?: number;
  /** Lines after which the file is rewritten without what is no longer remembered. */
  readonly compactAfterLines?: number;
}

/**
 * The identity of a turn. A message id alone, except for answers to a question of the agent: clients are seen to send
 * those under the id of the first message, on the task that asked.
 */
export function turnKey(request: Pick<TurnRequest, 'messageId' | 'taskId' | 'isFollowUp'>): string {
  return request.isFollowUp ? `${request.messageId}\n${request.taskId}` : request.messageId;
}

type JournalLine =
  | { readonly type: 'accepted'; readonly at: string; readonly request: TurnRequest }
  | { readonly type: 'started'; readonly key: string }
  | { readonly type: 'forgotten'; readonly key: string }
  | { readonly type: 'finished'; readonly key: string; readonly at: string; readonly outcome: TurnOutcome };

/** Opens the journal, drops a line torn by a crash, and forgets finished turns beyond the limit. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { path, log, keepFinished = 500, compactAfterLines = 5_000 } = options;
  const entries = new Map<string, JournalEntry>();
  let lineCount = 0;

  for (const line of await readLines(path)) {
    const parsed = parseLine(line);
    // Only the last line can be torn; anything else is damage that the operator should hear about.
    if (parsed === null) log.warn('journal_line_unreadable', { path, length: line.length });
    else apply(entries, parsed);
  }
  const file: AppendFile = await openAppendFile(path);
  await compact();

  async function write(line: JournalLine): Promise<void> {
    apply(entries, line);
    lineCount += 1;
    const written = file.append(`${JSON.stringify(line)}\n`);
    if (lineCount >= compactAfterLines) await Promise.all([written, compact()]);
    else await written;
  }

  async function compact(): Promise<void> {
    lineCount = 0;
    forgetOldest(entries, keepFinished);
    await file.rewrite(() =>
      [...entries.values()]
        .flatMap(toLines)
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
    );
  }

  return {
    accept: (request, at) => write({ type: 'accepted', at, request }),
    start: (key) => write({ type: 'started', key }),
    finish: (key, outcome, at) => write({ type: 'finished', key, at, outcome }),
    forget: (key) => write({ type: 'forgotten', key }),
    async forgetConversations() {
      const ended = [...entries].filter(([, entry]) => entry.outcome !== null && !entry.isForgotten);
      const keys = ended.map(([key]) => key);
      await Promise.all(keys.map((key) => write({ type: 'forgotten', key })));
    },
    find: (key) => entries.get(key) ?? null,
    findByAnyId(id) {
      const direct = entries.get(id);
      let found: JournalEntry | null = direct ?? null;
      for (const entry of entries.values()) {
        if (entry.request.taskId === id || entry.request.messageId === id) found = entry;
      }
      return found;
    },
    entries: () => [...entries.values()],
    close: () => file.close(),
  };
}

function apply(entries: Map<string, JournalEntry>, line: JournalLine): void {
  switch (line.type) {
    case 'accepted':
      entries.set(turnKey(line.request), {
        request: line.request,
        acceptedAt: line.at,
        started: false,
        outcome: null,
        finishedAt: null,
        isForgotten: false,
      });
      return;
    case 'started':
    case 'forgotten':
    case 'finished': {
      const entry = entries.get(line.key);
      // Forgotten by an earlier compaction: nobody can be waiting for it any more.
      if (!entry) return;
      entries.set(line.key, amend(entry, line));
      return;
    }
    default:
      line satisfies never;
  }
}

function amend(entry: JournalEntry, line: Exclude<JournalLine, { type: 'accepted' }>): JournalEntry {
  switch (line.type) {
    case 'started':
      return { ...entry, started: true };
    case 'forgotten':
      return { ...entry, isForgotten: true };
    case 'finished':
      return { ...entry, outcome: line.outcome, finishedAt: line.at };
  }
}

function toLines(entry: JournalEntry): JournalLine[] {
  const key = turnKey(entry.request);
  const lines: JournalLine[] = [{ type: 'accepted', at: entry.acceptedAt, request: entry.request }];
  if (entry.started) lines.push({ type: 'started', key });
  if (entry.isForgotten) lines.push({ type: 'forgotten', key });
  if (entry.outcome && entry.finishedAt !== null) {
    lines.push({ type: 'finished', key, at: entry.finishedAt, outcome: entry.outcome });
  }
  return lines;
}

function forgetOldest(entries: Map<string, JournalEntry>, keepFinished: number): void {
  let surplus = -keepFinished;
  for (const entry of entries.values()) if (entry.outcome) surplus += 1;
  for (const [key, entry] of entries) {
    if (surplus <= 0) return;
    if (!entry.outcome) continue;
    entries.delete(key);
    surplus -= 1;
  }
}

async function readLines(path: string): Promise<readonly string[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

const LINE_TYPES: ReadonlySet<string> = new Set<JournalLine['type']>(['accepted', 'started', 'forgotten', 'finished']);

function parseLine(line: string): JournalLine | null {
  try {
    // Written by this process or an earlier run of it; a torn line does not parse at all.
    const value = JSON.parse(line) as JournalLine;
    return LINE_TYPES.has(value.type) ? value : null;
  } catch {
    return null;
  }
}
