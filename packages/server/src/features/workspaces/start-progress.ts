import type { Ports } from '../../ports.js';
import { writeStartProgress } from './start-progress.store.js';

/** Tells on the rows, and whoever watches, what these starts are doing; "" for nothing special. Repeating is no news. */
export async function tellProgress(
  { transact, commit }: Pick<Ports, 'transact' | 'commit'>,
  ids: readonly string[],
  text: string,
): Promise<void> {
  if (ids.length === 0) return;
  await transact('work', async (tx) => {
    const changed = await writeStartProgress(tx, ids, text);
    if (changed.length === 0) return;
    const changes = { start_progress: text };
    await commit(tx, {
      events: changed.map((workspaceId) => ({ type: 'WORKSPACE_UPDATED' as const, workspaceId, payload: { changes } })),
    });
  });
}
