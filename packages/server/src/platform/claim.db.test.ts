import { createFakeClock } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../test/database.js';
import { type ClaimSpec, claim, type LeaseRef, ownedBy, release, renew } from './claim.js';
import { createLeaseKeeper, LeaseLostError } from './claim-keeper.js';
import { createDatabase, type DatabaseHandle } from './db.js';
import { createLogger } from './logger.js';
import { createRandom } from './random.js';
import { createSupervisor } from './supervisor.js';

interface Job {
  id: string;
  n: number;
  effects: number;
  lease_owner: string | null;
  lease_until: Date | null;
}

const random = createRandom();
const logger = createLogger({ level: 'silent' });

describe('claiming rows', () => {
  const testDatabase = useTestDatabase();
  let database: DatabaseHandle;
  beforeAll(async () => {
    database = createDatabase({ url: testDatabase.url, logger });
    await sql`create table jobs (
      id uuid primary key default gen_random_uuid(), n int not null, effects int not null default 0,
      lease_owner uuid, lease_until timestamptz)`.execute(database.lanes.control);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await sql`truncate jobs`.execute(database.lanes.control);
    await sql`insert into jobs (n) select generate_series(1, 10)`.execute(database.lanes.control);
  });

  const spec = (over: Partial<ClaimSpec> = {}): ClaimSpec => ({
    table: 'jobs',
    where: sql`effects = 0`,
    orderBy: sql`n`,
    limit: 10,
    owner: random.uuid(),
    leaseMs: 60_000,
    ...over,
  });
  const claimJobs = (over: Partial<ClaimSpec> = {}): Promise<Job[]> => claim<Job>(database.lanes.work, spec(over));
  const claimOne = async (owner = random.uuid()): Promise<LeaseRef> => {
    const [job] = await claimJobs({ limit: 1, owner });
    if (job === undefined) throw new Error('nothing to claim');
    return { table: 'jobs', id: job.id, owner };
  };
  const complete = async (lease: LeaseRef): Promise<bigint | undefined> =>
    (
      await sql`update jobs set effects = effects + 1, lease_owner = null, lease_until = null
                 where ${ownedBy(lease)}`.execute(database.lanes.work)
    ).numAffectedRows;
  const expire = ({ id }: LeaseRef) =>
    sql`update jobs set lease_until = now() - interval '1 ms' where id = ${id}`.execute(database.lanes.control);
  const jobs = async (): Promise<Job[]> =>
    (await sql<Job>`select * from jobs order by n`.execute(database.lanes.control)).rows;

  it('leases due rows in order, up to the limit, until the database clock says so', async () => {
    const owner = random.uuid();
    const claimed = await claimJobs({ where: sql`n > 3`, limit: 4, owner });
    expect(claimed.map((job) => job.n)).toEqual([4, 5, 6, 7]);
    expect(claimed.every((job) => job.lease_owner === owner)).toBe(true);
    const { rows } = await sql<{ ok: boolean }>`
      select bool_and(lease_until between now() + interval '55 s' and now() + interval '60 s') as ok
        from jobs where lease_owner = ${owner}`.execute(database.lanes.control);
    expect(rows).toEqual([{ ok: true }]);
  });

  it('gives each row to one of many concurrent claimers', async () => {
    const claims = await Promise.all(Array.from({ length: 12 }, () => claimJobs({ limit: 3 })));
    const ids = claims.flat().map((job) => job.id);
    expect(new Set(ids).size).toBe(ids.length);
    // Claimers may pass over rows that another is just locking, so a second round may be needed for the rest.
    const rest = await claimJobs();
    expect(ids.length + rest.length).toBe(10);
  });

  it('has one effect per row when owners fight over expired leases', async () => {
    const worker = async (): Promise<void> => {
      for (let round = 0; round < 12; round += 1) {
        const owner = random.uuid();
        // A lease of no length expires at once: every worker may take every row from every other.
        const claimed = await claimJobs({ owner, leaseMs: 0 });
        for (const { id } of claimed) await complete({ table: 'jobs', id, owner });
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    const left = await claimJobs();
    for (const job of left) await complete({ table: 'jobs', id: job.id, owner: job.lease_owner ?? '' });
    expect((await jobs()).map((job) => job.effects)).toEqual(Array(10).fill(1));
  });

  it('lets an expired lease be taken over, and the late owner change nothing', async () => {
    const late = await claimOne();
    expect((await claimJobs()).map((job) => job.id)).not.toContain(late.id);
    await expire(late);
    const next = await claimOne();
    expect(next.id).toBe(late.id);
    expect(await complete(late)).toBe(0n);
    expect(await release(database.lanes.work, late)).toBe(false);
    expect(await complete(next)).toBe(1n);
    expect((await jobs())[0]?.effects).toBe(1);
  });

  it('frees a released row for the next claimer', async () => {
    const lease = await claimOne();
    expect(await release(database.lanes.work, lease)).toBe(true);
    expect((await claimOne()).id).toBe(lease.id);
  });

  it('passes over a row that a transaction has locked, without waiting', async () => {
    await database.lanes.control.transaction().execute(async (tx) => {
      await sql`select from jobs where n = 1 for update`.execute(tx);
      expect((await claimJobs()).map((job) => job.n)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });
  });

  it('renews what is ours, reports what is lost, and leaves alone what is locked', async () => {
    const [ours, taken, locked, expired] = [await claimOne(), await claimOne(), await claimOne(), await claimOne()];
    await expire(taken);
    const thief = await claimOne();
    await expire(expired);
    await database.lanes.control.transaction().execute(async (tx) => {
      await sql`select from jobs where id = ${locked.id} for update`.execute(tx);
      const leases = [ours, taken, locked, expired];
      const result = await renew(database.lanes.health, { table: 'jobs', leases, leaseMs: 120_000 });
      expect(result).toEqual({ renewed: [ours, expired], lost: [taken] });
    });
    expect(thief.id).toBe(taken.id);
    const { rows } = await sql<{ id: string }>`
      select id from jobs where lease_until > now() + interval '100 s' order by n`.execute(database.lanes.control);
    expect(rows.map((row) => row.id)).toEqual([ours.id, expired.id]);
  });

  describe('the keeper', () => {
    const LEASE_MS = 30_000;
    function keep(db: Pick<DatabaseHandle, 'lanes'>['lanes']['health'] = database.lanes.health) {
      const clock = createFakeClock();
      const supervisor = createSupervisor({ clock, logger, random });
      return { clock, supervisor, keeper: createLeaseKeeper({ db, clock, supervisor, logger, leaseMs: LEASE_MS }) };
    }

    it('renews every held lease', async () => {
      const { clock, keeper } = keep();
      const refs = [await claimOne(), await claimOne()];
      const leases = refs.map((ref) => keeper.hold(ref, clock.monotonicMs()));
      for (const ref of refs) await expire(ref);
      await keeper.loop.runOnce();
      const renewed = (await jobs()).filter((job) => (job.lease_until?.getTime() ?? 0) > Date.now() + 20_000);
      expect(renewed.map((job) => job.id)).toEqual(refs.map((ref) => ref.id));
      expect(leases.map((lease) => lease.signal.aborted)).toEqual([false, false]);
      expect(keeper.heldCount()).toBe(2);
      for (const lease of leases) lease.done();
      expect(keeper.heldCount()).toBe(0);
      expect(clock.pendingCount()).toBe(0);
    });

    it('aborts the holder whose lease another owner took, and no other', async () => {
      const { clock, keeper } = keep();
      const [lost, kept] = [await claimOne(), await claimOne()];
      const [lostLease, keptLease] = [keeper.hold(lost, 0), keeper.hold(kept, 0)];
      await expire(lost);
      await claimOne();
      await keeper.loop.runOnce();
      expect(lostLease.signal.reason).toBeInstanceOf(LeaseLostError);
      expect(keptLease.signal.aborted).toBe(false);
      expect(keeper.heldCount()).toBe(1);
      keptLease.done();
      expect(clock.pendingCount()).toBe(0);
    });

    it('aborts every holder once the lease time has passed without a renewal', async () => {
      const unreachable = createDatabase({ url: 'postgres://x@127.0.0.1:1/x', logger });
      const { clock, keeper } = keep(unreachable.lanes.health);
      const lease = keeper.hold(await claimOne(), clock.monotonicMs());
      await expect(keeper.loop.runOnce()).rejects.toThrow('health');
      await clock.advance(LEASE_MS - 1);
      expect(lease.signal.aborted).toBe(false);
      await clock.advance(1);
      expect(lease.signal.reason).toMatchObject({ message: expect.stringContaining('could not be renewed in time') });
      await unreachable.close();
    });

    it('counts the lease time anew from each renewal', async () => {
      const { clock, keeper } = keep();
      const lease = keeper.hold(await claimOne(), clock.monotonicMs());
      await clock.advance(LEASE_MS - 1);
      await keeper.loop.runOnce();
      await clock.advance(LEASE_MS - 1);
      expect(lease.signal.aborted).toBe(false);
      await clock.advance(1);
      expect(lease.signal.aborted).toBe(true);
    });
  });
});
