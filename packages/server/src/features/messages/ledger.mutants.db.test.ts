import type { TestDatabase } from '@molecule/testkit';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../test/database.js';
import { createLedgerCluster } from '../../../test/ledger/cluster.js';
import { auditLedger } from '../../../test/ledger/ledger-audit.js';
import { runSchedule } from '../../../test/ledger/ledger-run.js';
import type { Act, LoopName, Pushed, Step, Target } from '../../../test/ledger/steps.js';

/** SQL that a mutant sends in place of ours. Padded to the same length, because the protocol counts bytes. */
type Replacement = readonly [ours: string, theirs: string];

interface Mutant {
  readonly flaw: string;
  /** What the audit of `ledger.properties.db.test.ts` says of it. */
  readonly caughtBy: RegExp;
  /** The shortest way to see the flaw; without it the audit has nothing to say about this. */
  readonly schedule: readonly Step[];
  readonly replaces?: readonly Replacement[];
  /** A flaw of the database's: it forgets or changes what it is told. */
  readonly triggers?: string;
}

const together = (...acts: Act[]): Step => ({ do: 'together', acts });
const run = (loop: LoopName, via = 0): Step => together({ do: 'run', loop, via });
const delegate = (to: Target): Step => together({ do: 'delegate', to, key: null, via: 0 });
const report = (status: 'completed' | 'failed'): Step => together({ do: 'report', pick: 0, status, via: 0 });
const mood = (of: Pushed, how: Extract<Step, { do: 'mood' }>['mood']): Step => ({ do: 'mood', of, mood: how });
const finish = (of: Pushed): Step => ({ do: 'finish', of });
const pass = (jump: Extract<Step, { do: 'time' }>['jump']): Step => ({ do: 'time', jump });
const send = (to: Target): Step =>
  together({ do: 'send', to, n: 0, as: 'human', method: 'message/send', hurried: false, via: 0 });

const forgets = (table: string, when: string, event = 'insert') => `
  create function forget() returns trigger language plpgsql as $$ begin return null; end $$;
  create trigger forget before ${event} on ${table} for each row when (${when}) execute function forget()`;

const STATE_GUARD: Replacement = ["m.state in ('queued', 'working', 'input_required')", 'true'];
const OWNER_GUARD: Replacement = ['(i.owner is null or m.lease_owner = i.owner)', 'true'];

const MUTANTS: readonly Mutant[] = [
  {
    flaw: 'completes without comparing what it sets',
    caughtBy: /canceled .*became completed/,
    schedule: [
      mood('steady', 'hold'),
      delegate('steady'),
      run('queue'),
      together({ do: 'cancel', pick: 0, via: 0 }),
      finish('steady'),
    ],
    replaces: [STATE_GUARD, OWNER_GUARD],
  },
  {
    flaw: 'sweeps what has ended',
    caughtBy: /completed .*became failed/,
    schedule: [delegate('steady'), run('queue'), pass('deadline'), run('overdue')],
    replaces: [STATE_GUARD, [`"state" in ($1, $2, $3) and "deadline" <`, `$1 || $2 || $3 > '' and "deadline" <`]],
  },
  {
    flaw: 'forgets the inbox of the caller',
    caughtBy: /0 results in the inbox/,
    schedule: [delegate('steady'), run('queue')],
    triggers: forgets('activity_logs', `new.method = 'delegate_result' and new.activity_type = 'a2a_receive'`),
  },
  {
    flaw: 'ends the row and not its log',
    caughtBy: /0 rows of its task that say completed/,
    schedule: [delegate('steady'), run('queue')],
    triggers: forgets('activity_logs', 'true', 'update'),
  },
  {
    flaw: 'promises what it did not write',
    caughtBy: /was promised and is gone/,
    schedule: [delegate('steady')],
    triggers: forgets('messages', 'true'),
  },
  {
    flaw: 'sends again instead of asking',
    caughtBy: /was sent again to an agent that had it/,
    schedule: [mood('steady', 'die_done'), delegate('steady'), run('queue'), pass('due'), run('queue')],
    triggers: `
      create function resend() returns trigger language plpgsql as $$ begin new.state := 'queued'; return new; end $$;
      create trigger resend before update on messages for each row
        when (old.lease_owner is not null and new.lease_owner is null and new.state = 'working')
        execute function resend()`,
  },
  {
    flaw: 'sends again to an agent that cannot be asked',
    caughtBy: /was done 2 times/,
    schedule: [mood('foreign', 'die_done'), send('foreign'), mood('foreign', 'answer'), pass('due'), run('queue')],
    triggers: `
      create function resend() returns trigger language plpgsql as $$ begin
        new.state := 'queued'; new.ended_at := null; return new; end $$;
      create trigger resend before update on messages for each row
        when (new.state = 'failed' and new.reason = 'interrupted') execute function resend()`,
  },
  {
    flaw: 'leaves what a dead server held',
    caughtBy: /did not settle/,
    schedule: [
      mood('steady', 'hold'),
      delegate('steady'),
      run('queue', 1),
      { do: 'crash', which: 1, after: 0 },
      finish('steady'),
    ],
    replaces: [['lease_until is null or lease_until < now()', 'lease_until is null']],
  },
  {
    flaw: 'tells a late result as often as it comes',
    caughtBy: /2 late results in the inbox|2 late ends in the event log/,
    schedule: [delegate('inbox'), pass('deadline'), run('overdue'), report('completed'), report('completed')],
    replaces: [['"late" = $4', '$4 = false']],
  },
];

describe('the audit of the ledger', () => {
  it.each(MUTANTS)('catches one that $flaw', async ({ schedule, caughtBy, ...mutant }) => {
    expect(await audit(schedule, mutant)).toEqual(expect.arrayContaining([expect.stringMatching(caughtBy)]));
  });

  it('says nothing of the ledger that we ship, on the very same ways', async () => {
    const database = await createTestDatabase();
    const cluster = await createLedgerCluster(database.url);
    const wrong: string[] = [];
    for (const { schedule } of MUTANTS)
      wrong.push(...(await auditLedger(cluster, await runSchedule(cluster, schedule))));
    await cluster.close();
    await database.drop();
    expect(wrong).toEqual([]);
  });
});

async function audit(
  schedule: readonly Step[],
  { replaces = [], triggers }: Pick<Mutant, 'replaces' | 'triggers'>,
): Promise<readonly string[]> {
  const database: TestDatabase = await createTestDatabase();
  const missing = new Set(replaces);
  const cluster = await createLedgerCluster(database.url, {
    rewrite(bytes) {
      let text = bytes.toString('latin1');
      for (const replacement of replaces) {
        const [ours, theirs] = replacement;
        if (text.includes(ours)) missing.delete(replacement);
        text = text.replaceAll(ours, theirs.padEnd(ours.length));
      }
      return Buffer.from(text, 'latin1');
    },
  });
  try {
    if (triggers !== undefined) await sql.raw(triggers).execute(cluster.database.lanes.work);
    const wrong = await auditLedger(cluster, await runSchedule(cluster, schedule));
    // A mutant whose text is no longer ours is no mutant.
    expect([...missing].map(([ours]) => ours)).toEqual([]);
    return wrong;
  } finally {
    await cluster.close();
    await database.drop();
  }
}
