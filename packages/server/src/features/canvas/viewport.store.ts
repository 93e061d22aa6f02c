import type { Db } from '../../platform/db.js';

export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** There is one, for everybody (contract lifecycle §10). */
const THE_VIEWPORT = '00000000-0000-0000-0000-000000000001';

export async function findViewport(db: Db): Promise<Viewport | null> {
  const row = await db
    .selectFrom('canvas_viewport')
    .select(['x', 'y', 'zoom'])
    .where('id', '=', THE_VIEWPORT)
    .executeTakeFirst();
  return row ?? null;
}

export async function writeViewport(db: Db, viewport: Viewport): Promise<void> {
  await db
    .insertInto('canvas_viewport')
    .values({ id: THE_VIEWPORT, ...viewport })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet((eb) => ({ ...viewport, saved_at: eb.fn<Date>('now') })),
    )
    .execute();
}
