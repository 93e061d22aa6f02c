import type { Status } from '@molecule/contract';
import { sql } from 'kysely';
import { type Db, prepared } from '../../platform/db.js';
import { toStorableJson } from '../../platform/storable-json.js';

/** One heartbeat. What is undefined keeps what an earlier beat wrote (B-29); empty values clear. */
export interface Beat {
  readonly id: string;
  /** SHA-256 of the presented token in hex, null when there was none. */
  readonly hash: string | null;
  readonly activeTasks?: number | undefined;
  readonly uptimeSeconds?: number | undefined;
  readonly currentTask?: string | undefined;
  readonly errorRate?: number | undefined;
  readonly sampleError?: string | undefined;
  readonly runtimeState?: string | undefined;
  readonly capabilities?: Readonly<Record<string, boolean>> | undefined;
  /** 0 clears. */
  readonly idleTimeoutSeconds?: number | undefined;
  readonly demo?: boolean | undefined;
  /** Empty clears. */
  readonly model?: string | undefined;
}

/** What is known of the workspace after a beat was written, with the task it had before. */
export interface BeatFacts {
  readonly id: string;
  readonly status: Status;
  readonly generation: number;
  readonly tokenId: string | null;
  readonly inboundSecret: string | null;
  readonly monthlySpend: number;
  readonly taskBefore: string;
  readonly currentTask: string;
  readonly activeTasks: number;
  readonly uptimeSeconds: number;
  readonly errorRate: number;
  readonly sampleError: string;
  readonly runtimeState: string;
  readonly managesStatus: boolean;
}

export type BeatOutcome =
  | { readonly kind: 'accepted'; readonly facts: BeatFacts }
  /** The token is missing, wrong, revoked, of an earlier generation, or its workspace is removed. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' };

/** In the order of `written` below. An array and not an object: the names would be most of what is sent. */
type FactsRow = readonly [
  n: number,
  status: Status,
  generation: number,
  tokenId: string | null,
  inboundSecret: string | null,
  monthlySpend: number,
  taskBefore: string,
  currentTask: string,
  activeTasks: number,
  uptimeSeconds: number,
  errorRate: number,
  sampleError: string,
  runtimeState: string,
  managesStatus: boolean,
];

/**
 * Checks the tokens of all waiting beats, writes them, and reads what the answers need: one statement, whatever their
 * number (design §4.5). At most one beat per workspace. It touches only the narrow liveness rows, so a beat never waits
 * for a workspace row. Its commit does not wait for the disk: a beat lost in a power cut is replaced by the next.
 *
 * What it reads comes back as one JSON value: a column for each of these facts and a row for each beat cost the driver
 * more than the rest of the answer.
 *
 * The lookups are lateral with a limit, which the planner cannot flatten: on a fresh database it knows no table sizes,
 * and a join over all tokens per batch then makes a batch sixteen times as slow. The limit on what was given lets every
 * beat pass; with a number that the planner does not know it expects few of them, and the write looks rows up by their
 * index where it would read the whole table for the hundred that it expects of any JSON.
 *
 * `openBootstrap` lets a beat without a token in for a workspace that never had one (development mode).
 */
export async function writeBeats(
  db: Db,
  beats: readonly Beat[],
  openBootstrap: boolean,
): Promise<readonly BeatOutcome[]> {
  const batch = toStorableJson(beats.map((beat, n) => ({ n, ...beat })));
  const { rows } = await sql<{
    refused: readonly number[];
    accepted: readonly FactsRow[];
  }>`${prepared('workspaces-write-beats')}
    with quick as materialized (select set_config('synchronous_commit', 'off', true) as value),
    judged as materialized (
      select b.*, w.status, w.generation, w.platform_inbound_secret, w.monthly_spend, c.token_id,
             coalesce(l.current_task, '') as task_before,
             w.status <> 'removed'
               and (c.token_id is not null or (b.hash is null and w.may_bootstrap and ${openBootstrap}::boolean))
               as accepted
        from quick
        cross join lateral (
               select * from jsonb_to_recordset(case when quick.value is not null then ${batch}::jsonb end)
                 as given(n integer, id uuid, hash text, "activeTasks" integer, "uptimeSeconds" integer,
                          "currentTask" text, "errorRate" double precision, "sampleError" text, "runtimeState" text,
                          capabilities jsonb, "idleTimeoutSeconds" integer, demo boolean, model text)
                limit ${beats.length}::integer) as b
        join lateral (
               select status, generation, platform_inbound_secret, monthly_spend, may_bootstrap
                 from workspaces where id = b.id limit 1) as w on true
        left join lateral (
               select current_task from workspace_liveness where workspace_id = b.id limit 1) as l on true
        left join lateral (
               select token_id from workspace_credentials
                where token_hash = decode(b.hash, 'hex') and workspace_id = b.id and live limit 1) as c on true
    ),
    written as (
      update workspace_liveness as l
         set last_heartbeat_at = now(),
             active_tasks = coalesce(j."activeTasks", l.active_tasks),
             -- Explicit, because the age of a heartbeat says nothing: a living agent beats whether it works or not (D4).
             idle_since = case when coalesce(j."activeTasks", l.active_tasks) = 0 then coalesce(l.idle_since, now()) end,
             uptime_seconds = coalesce(j."uptimeSeconds", l.uptime_seconds),
             current_task = coalesce(j."currentTask", l.current_task),
             error_rate = coalesce(j."errorRate", l.error_rate),
             sample_error = coalesce(j."sampleError", l.sample_error),
             runtime_state = coalesce(j."runtimeState", l.runtime_state),
             capabilities = coalesce(j.capabilities, l.capabilities),
             idle_timeout_seconds = nullif(coalesce(j."idleTimeoutSeconds", l.idle_timeout_seconds), 0),
             demo = coalesce(j.demo, l.demo),
             model = nullif(coalesce(j.model, l.model), '')
        from judged as j
       where j.accepted and l.workspace_id = j.id
      returning json_build_array(
                  j.n, j.status, j.generation, j.token_id, j.platform_inbound_secret, j.monthly_spend, j.task_before,
                  l.current_task, l.active_tasks, l.uptime_seconds, l.error_rate, l.sample_error, l.runtime_state,
                  coalesce((l.capabilities ->> 'status_mgmt')::boolean, false)) as facts
    )
    select (select coalesce(json_agg(n), '[]') from judged where not accepted) as refused,
           (select coalesce(json_agg(facts), '[]') from written) as accepted`.execute(db);
  const outcomes: BeatOutcome[] = beats.map(() => ({ kind: 'unknown' }));
  for (const n of rows[0]?.refused ?? []) outcomes[n] = { kind: 'refused' };
  for (const row of rows[0]?.accepted ?? []) {
    const beat = beats[row[0]];
    if (beat) outcomes[row[0]] = { kind: 'accepted', facts: toFacts(beat.id, row) };
  }
  return outcomes;
}

function toFacts(id: string, row: FactsRow): BeatFacts {
  const [, status, generation, tokenId, inboundSecret, monthlySpend, taskBefore, currentTask, ...vitals] = row;
  const [activeTasks, uptimeSeconds, errorRate, sampleError, runtimeState, managesStatus] = vitals;
  return {
    id,
    status,
    generation,
    tokenId,
    inboundSecret,
    monthlySpend,
    taskBefore,
    currentTask,
    activeTasks,
    uptimeSeconds,
    errorRate,
    sampleError,
    runtimeState,
    managesStatus,
  };
}

/** An agent reports what it has spent this month so far; a lower figure is a late beat and changes nothing. */
export async function raiseMonthlySpend(db: Db, id: string, cents: number): Promise<void> {
  await sql`
    update workspaces set monthly_spend = ${cents}
     where id = ${id} and monthly_spend < ${cents} and status <> 'removed'`.execute(db);
}

/** Gives the workspace an inbound secret unless it has one, and returns the one it has (B-24). Null: no such row. */
export async function ensureInboundSecret(db: Db, id: string, candidate: string): Promise<string | null> {
  const { rows } = await sql<{ secret: string }>`
    update workspaces set platform_inbound_secret = coalesce(platform_inbound_secret, ${candidate})
     where id = ${id} and status <> 'removed'
    returning platform_inbound_secret as secret`.execute(db);
  return rows[0]?.secret ?? null;
}
