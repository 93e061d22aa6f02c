import { readFile } from 'node:fs/promises';
import { type AppendFile, openAppendFile } from '../journal/durable-file.js';
import type { Answer } from './answer.js';
import type { InboxMessage } from './inbox-row.js';

/**
 * What became of each message: durable before anybody relies on it, so that a message is worked on once however often
 * this program is killed and started again.
 *
 *   waiting ──► begun ──► ended (the answer is known) ──► sent
 */
export interface WorkBook {
  /** Resolves once the messages are on disk; those that are known are left as they are. */
  add(messages: readonly InboxMessage[]): Promise<void>;
  begin(id: string): Promise<void>;
  end(id: string, answer: Answer): Promise<void>;
  sent(id: string): Promise<void>;
  /** The oldest that is not done. */
  next(): WorkEntry | null;
  close(): Promise<void>;
}

export interface WorkEntry {
  readonly message: InboxMessage;
  readonly state: 'waiting' | 'begun' | 'ended' | 'sent';
  readonly answer: Answer | null;
}

type Line =
  | { readonly type: 'waiting'; readonly message: InboxMessage }
  | { readonly type: 'begun' | 'sent'; readonly id: string }
  | { readonly type: 'ended'; readonly id: string; readonly answer: Answer };

/** Done messages that are remembered, so that reading the inbox again repeats none of them. */
const DONE_KEPT = 2_000;
const REWRITE_AFTER_LINES = 10_000;

export async function openWorkBook(path: string): Promise<WorkBook> {
  const entries = new Map<string, WorkEntry>();
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  for (const line of text.split('\n')) {
    const parsed = parseLine(line);
    if (parsed) apply(entries, parsed);
  }
  let lines = 0;
  const file: AppendFile = await openAppendFile(path);
  await rewrite();

  async function write(added: readonly Line[]): Promise<void> {
    for (const line of added) apply(entries, line);
    lines += added.length;
    await Promise.all(added.map((line) => file.append(`${JSON.stringify(line)}\n`)));
    if (lines > REWRITE_AFTER_LINES) await rewrite();
  }

  /** Leaves out what nobody will ask about again. What a crash tore is gone with it. */
  async function rewrite(): Promise<void> {
    lines = 0;
    let surplus = [...entries.values()].filter(({ state }) => state === 'sent').length - DONE_KEPT;
    for (const [id, { state }] of entries) if (state === 'sent' && surplus-- > 0) entries.delete(id);
    await file.rewrite(() =>
      [...entries.values()]
        .flatMap(toLines)
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
    );
  }

  return {
    add: (messages) =>
      write(
        messages
          .filter((message) => !entries.has(message.activity_id))
          .map((message) => ({ type: 'waiting' as const, message })),
      ),
    begin: (id) => write([{ type: 'begun', id }]),
    end: (id, answer) => write([{ type: 'ended', id, answer }]),
    sent: (id) => write([{ type: 'sent', id }]),
    next() {
      for (const entry of entries.values()) if (entry.state !== 'sent') return entry;
      return null;
    },
    close: () => file.close(),
  };
}

function apply(entries: Map<string, WorkEntry>, line: Line): void {
  if (line.type === 'waiting') {
    entries.set(line.message.activity_id, { message: line.message, state: 'waiting', answer: null });
    return;
  }
  const entry = entries.get(line.id);
  if (!entry) return;
  entries.set(line.id, { ...entry, state: line.type, answer: line.type === 'ended' ? line.answer : entry.answer });
}

function toLines({ message, state, answer }: WorkEntry): Line[] {
  const id = message.activity_id;
  // Of what is done only the name is needed.
  if (state === 'sent')
    return [
      { type: 'waiting', message: { ...message, text: '' } },
      { type: 'sent', id },
    ];
  const lines: Line[] = [{ type: 'waiting', message }];
  if (state === 'begun') lines.push({ type: 'begun', id });
  if (state === 'ended' && answer) lines.push({ type: 'ended', id, answer });
  return lines;
}

const TYPES: ReadonlySet<string> = new Set<Line['type']>(['waiting', 'begun', 'ended', 'sent']);

/** Null for the line that a crash tore, and for what this program did not write. */
function parseLine(line: string): Line | null {
  try {
    const value = JSON.parse(line) as Line;
    return TYPES.has(value.type) ? value : null;
  } catch {
    return null;
  }
}
