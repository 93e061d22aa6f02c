import type { Activity } from '@molecule/contract';

export interface HistoryPage {
  readonly rows: readonly Activity[];
  /** Nothing is older than these rows. */
  readonly complete: boolean;
}

/**
 * Reads one page of a log back into the past. Nothing on the wire says that a page is the last one: the server also cuts
 * a page by its size, so a short page may have more behind it. The end is an empty page; after a short one a single row
 * is asked for, which spares the reader a button that brings nothing.
 */
export async function readHistoryPage(
  read: (limit: number, before: string | undefined) => Promise<readonly Activity[]>,
  size: number,
  before: string | undefined,
): Promise<HistoryPage> {
  const page = await read(size, before);
  const last = page.at(-1);
  if (last === undefined) return { rows: page, complete: true };
  if (page.length >= size) return { rows: page, complete: false };
  const beyond = await read(1, last.created_at);
  return { rows: [...page, ...beyond], complete: beyond.length === 0 };
}
