import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';

const database = useTestDatabase();
let app: RealApp;

beforeAll(async () => {
  app = await startRealApp(database.url);
});
afterAll(() => app.close());

describe('where the canvas was left', () => {
  it('is the middle at first, then what was saved last', async () => {
    expect((await app.call('GET', '/canvas/viewport')).body).toEqual({ x: 0, y: 0, zoom: 1 });
    for (const viewport of [
      { x: -120.5, y: 33, zoom: 0.25 },
      { x: 1, y: 2, zoom: 3 },
    ]) {
      const saved = await app.call('PUT', '/canvas/viewport', viewport);
      expect([saved.status, saved.body]).toEqual([200, { status: 'saved' }]);
      expect((await app.call('GET', '/canvas/viewport')).body).toEqual(viewport);
    }
  });

  it('is refused when it is no place, and then stays', async () => {
    const before = (await app.call('GET', '/canvas/viewport')).body;
    for (const body of [{}, { x: 1, y: 2 }, { x: '1', y: 2, zoom: 1 }, { x: 1, y: 2, zoom: 0 }, null]) {
      expect(await app.call('PUT', '/canvas/viewport', body)).toMatchObject({
        status: 400,
        body: { error: 'invalid viewport data' },
      });
    }
    expect((await app.call('GET', '/canvas/viewport')).body).toEqual(before);
  });

  it('that cannot be read does not keep the canvas from opening', async () => {
    const { control } = app.app.ports.lanes;
    await sql`alter table canvas_viewport rename to away`.execute(control);
    try {
      const answer = await app.call('GET', '/canvas/viewport');
      expect([answer.status, answer.body]).toEqual([200, { x: 0, y: 0, zoom: 1 }]);
    } finally {
      await sql`alter table away rename to canvas_viewport`.execute(control);
    }
  });
});
