import { PassThrough } from 'node:stream';
import { waitFor } from '@molecule/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createWorkspacesWorld, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { parseConfig } from '../../config.js';
import { createLogger } from '../../platform/logger.js';

const database = useTestDatabase();
let world: WorkspacesWorld;
afterEach(() => world.close());

const COUNT = 80;

describe('how many agents start at the same time', () => {
  it.each([
    ['3', 3],
    ['70', 70],
    ['0', COUNT],
  ])(`R28: with MOLECULE_PROVISION_CONCURRENCY=%s it is %i of ${COUNT}`, async (text, expected) => {
    const lines = new PassThrough();
    const { provisionConcurrency, provisionConcurrencyFrom } = parseConfig({ MOLECULE_PROVISION_CONCURRENCY: text });
    world = createWorkspacesWorld(database.url, {
      startsMax: provisionConcurrency,
      startsMaxFrom: provisionConcurrencyFrom,
      logger: createLogger({ level: 'info', destination: lines }),
    });
    const { workspaces, backend, ports } = world;
    expect(String(lines.read())).toContain(
      `"starts_max":${provisionConcurrency},"from":"MOLECULE_PROVISION_CONCURRENCY"`,
    );
    const ids: string[] = [];
    for (let n = 0; n < COUNT; n += 1) {
      ids.push((await workspaces.verbs.create({ name: `W${n}`, runtime: 'echo' }, 'http://x')).id);
    }
    const held = backend.holdStarts();
    await ports.start();
    await waitFor(() => backend.calls.length >= expected, { timeoutMs: 20_000 });
    const claimed = await ports.lanes.control
      .selectFrom('workspaces')
      .select('id')
      .where('id', 'in', ids)
      .where('lease_owner', 'is not', null)
      .execute();
    // The rest is not even claimed, so another host can start it.
    expect(claimed).toHaveLength(expected);
    held.release();
    await waitFor(() => backend.calls.length === COUNT, { timeoutMs: 20_000 });
  });
});
