import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../src/config.js';
import { useTestDatabase } from './database.js';
import { type RealApp, startRealApp } from './real-app.js';

const FLAGS = ['DELEGATION_LEDGER_WRITE', 'DELEGATION_RESULT_INBOX_PUSH', 'DELEGATION_SYNC_VIA_INBOX'] as const;

describe.each(['0', '', 'false', 'off', '1', 'true', 'yes', 'TRUE'])(
  'delegations, with their switches at "%s"',
  (value) => {
    const database = useTestDatabase();
    const environment = Object.fromEntries(FLAGS.map((name) => [name, value]));
    let app: RealApp;
    beforeAll(async () => {
      app = await startRealApp(database.url, {}, null, environment);
    });
    afterAll(() => app.close());

    const addPoller = async (name: string, parent?: string): Promise<{ id: string; token: string }> => {
      const place = parent === undefined ? {} : { parent_id: parent };
      const { body } = await app.call('POST', '/workspaces', { name, external: true, ...place });
      return { id: body.id, token: body.connection.auth_token };
    };

    it('B-64, M-39: are in the ledger and end in the inbox of their caller; the switches are named once, as always on', async () => {
      expect(parseConfig(environment).warnings).toEqual(
        FLAGS.map((name) => `${name} has no effect: what it switched on is always on.`),
      );
      const lead = await addPoller('lead');
      const child = await addPoller('child', lead.id);
      const asked = { target_id: child.id, task: 'do it' };
      const { body } = await app.call('POST', `/workspaces/${lead.id}/delegate`, asked, lead.token);
      const id: string = body.delegation_id;
      const listed = async (status: string) =>
        (await app.call('GET', `/admin/delegations?status=${status}`)).body.delegations;
      expect(await listed('in_flight')).toMatchObject([{ delegation_id: id }]);
      const done = { status: 'completed', response: 'done' };
      await app.call('POST', `/workspaces/${child.id}/delegations/${id}/update`, done, child.token);
      await waitFor(async () => (await listed('completed')).length === 1);
      const inbox = await app.call('GET', `/workspaces/${lead.id}/activity?type=a2a_receive`, undefined, lead.token);
      expect(inbox.body).toMatchObject([
        { method: 'delegate_result', source_id: child.id, response_body: { text: 'done', delegation_id: id } },
      ]);
    });
  },
);

describe.each(['soon', '-5', '', '0', '1.5', '9e99', 'NaN'])('settings of the sweeper at "%s"', (value) => {
  const database = useTestDatabase();
  const environment = { DELEGATION_SWEEPER_INTERVAL_S: value, DELEGATION_STUCK_THRESHOLD_S: value };
  let app: RealApp;
  beforeAll(async () => {
    app = await startRealApp(database.url, {}, null, environment);
  });
  afterAll(() => app.close());

  it('B-68: do not stop the server from starting, and mean the defaults', async () => {
    const { stuckAfterSeconds, stuckSweepSeconds } = parseConfig(environment);
    expect([stuckAfterSeconds, stuckSweepSeconds]).toEqual([600, 300]);
    expect(await app.call('GET', '/health')).toMatchObject({ status: 200 });
    const readSweeper = async () => (await app.call('GET', '/admin/liveness')).body.subsystems['delegation-sweeper'];
    const before = app.loopsBefore['delegation-sweeper']?.last_tick_at ?? '';
    await waitFor(async () => (await readSweeper()).last_tick_at > before, { what: 'the first sweep' });
    expect(await readSweeper()).toMatchObject({ failures: 0 });
  });
});
