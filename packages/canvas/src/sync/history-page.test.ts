import { expect, it } from 'vitest';
import { buildRow } from '../testing/played-log.js';
import { readHistoryPage } from './history-page.js';

/** Reads rows 3, 2, 1 with pages of at most `most` rows, whatever is asked for. */
function read(size: number, most: number, before?: string) {
  const rows = [buildRow(3), buildRow(2), buildRow(1)];
  return readHistoryPage(
    async (limit, until) => rows.filter((row) => row.created_at < (until ?? '9')).slice(0, Math.min(limit, most)),
    size,
    before,
  ).then(({ rows: found, complete }) => ({ ids: found.map(({ id }) => id), complete }));
}

it('a page cut by its size is not the last one', async () => {
  expect(await read(10, 2)).toEqual({ ids: ['r3', 'r2', 'r1'], complete: false });
});

it('a short page with nothing behind it is the last one, and so is an empty one', async () => {
  expect(await read(10, 10)).toEqual({ ids: ['r3', 'r2', 'r1'], complete: true });
  expect(await read(10, 10, buildRow(1).created_at)).toEqual({ ids: [], complete: true });
});

it('a full page says nothing, and nothing more is asked for', async () => {
  expect(await read(3, 10)).toEqual({ ids: ['r3', 'r2', 'r1'], complete: false });
});
