import type { Status } from '@molecule/contract';
import { CompiledQuery, sql } from 'kysely';
import type { Db } from '../../platform/db.js';
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

/** What is known of the workspace after a beat was written. */
export interface BeatFacts {
  readonly id: string;
  readonly status: Status;
  readonly generation: number;
  readonly tokenId: string | null;
  readonly inboundSecret: string | null;
  readonly monthlySpend: number;
  readonly currentTask: string;
  /** This beat brought another task than the one before it. */
  readonly taskChanged: boolean;
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
  currentTask: string,
  taskChanged: boolean,
  activeTasks: number,
  uptimeSeconds: number,
  errorRate: number,
  sampleError: string,
  runtimeState: string,
  managesStatus: boolean,
];

/**
 * In one pass over the narrow liveness rows, so that a beat never waits for a workspace row and reads each row once.
 *
 * The look-ups are lateral with a limit, which the planner cannot flatten: on a fresh database it knows no table sizes,
 * and a join over all tokens per batch then makes a batch sixteen times as slow. The limit on what was given lets every
 * beat pass; with a number that the planner does not know it expects few of them, and the write looks rows up by their
 * index where it would read the whole table for the hundred that it expects of any JSON. A token counts under the rules
 * of workspace_credentials, spelled out here because the view would look the workspace up a second time.
 *
 * What it reads comes back as one JSON value: a column for each of these facts and a row for each beat cost the driver
 * more than the rest of the answer. The text is constant and not composed for every batch for the same reason.
 */
const WRITE_BEATS = `/* prepared: workspaces-write-beats */
  with quick as materialized (select set_config('synchronous_commit', 'off', true) as value),
  written as (
    update workspace_liveness as l
       set last_heartbeat_at = now(),
           active_tasks = coalesce(b."activeTasks", l.active_tasks),
           -- Explicit, because the age of a heartbeat says nothing: a living agent beats whether it works or not (D4).
           idle_since = case when coalesce(b."activeTasks", l.active_tasks) = 0 then coalesce(l.idle_since, now()) end,
           uptime_seconds = coalesce(b."uptimeSeconds", l.uptime_seconds),
           current_task = coalesce(b."currentTask", l.current_task),
           current_task_since = case when b."currentTask" <> l.current_task then now() else l.current_task_since end,
           error_rate = coalesce(b."errorRate", l.error_rate),
           sample_error = coalesce(b."sampleError", l.sample_error),
           runtime_state = coalesce(b."runtimeState", l.runtime_state),
           capabilities = coalesce(b.capabilities, l.capabilities),
           idle_timeout_seconds = nullif(coalesce(b."idleTimeoutSeconds", l.idle_timeout_seconds), 0),
           demo = coalesce(b.demo, l.demo),
           model = nullif(coalesce(b.model, l.model), '')
      from quick
     cross join lateral (
             select * from json_to_recordset(case when quick.value is not null then $1::json end)
                 as given(n integer, id uuid, hash text, "activeTasks" integer, "uptimeSeconds" integer,
                          "currentTask" text, "errorRate" double precision, "sampleError" text, "runtimeState" text,
                          capabilities jsonb, "idleTimeoutSeconds" integer, demo boolean, model text)
              limit $2::integer) as b
      join lateral (
             select status, generation, platform_inbound_secret, monthly_spend, may_bootstrap
               from workspaces where id = b.id limit 1) as w on w.status <> 'removed'
      left join lateral (
             select id, generation from workspace_auth_tokens
              where token_hash = decode(b.hash, 'hex') and workspace_id = b.id and revoked_at is null limit 1) as t
        on t.generation is null or t.generation = w.generation
     where l.workspace_id = b.id
       and (t.id is not null or (b.hash is null and w.may_bootstrap and $3::boolean))
    returning json_build_array(
                b.n, w.status, w.generation, t.id, w.platform_inbound_secret, w.monthly_spend,
                l.current_task, coalesce(l.current_task_since = now(), false), l.active_tasks, l.uptime_seconds,
                l.error_rate, l.sample_error, l.runtime_state,
                coalesce((l.capabilities ->> 'status_mgmt')::boolean, false)) as facts)
  select coalesce(json_agg(facts), '[]') as accepted from written`;

/**
 * Checks the tokens of all waiting beats, writes them, and reads what the answers need: one statement, whatever their
 * number (design §4.5), and one more where some were not let in. At most one beat per workspace. The commit does not wait
 * for the disk: a beat lost in a power cut is replaced by the next.
 *
 * `openBootstrap` lets a beat without a token in for a workspace that never had one (development mode).
 */
export async function writeBeats(
  db: Db,
  beats: readonly Beat[],
  openBootstrap: boolean,
): Promise<readonly BeatOutcome[]> {
  const batch = toStorableJson(beats.map((beat, n) => ({ n, ...beat })));
  const { rows } = await db.executeQuery<{ accepted: readonly FactsRow[] }>(
    CompiledQuery.raw(WRITE_BEATS, [batch, beats.length, openBootstrap]),
  );
  const outcomes: BeatOutcome[] = beats.map(() => ({ kind: 'unknown' }));
  const accepted = rows[0]?.accepted ?? [];
  for (const row of accepted) {
    const beat = beats[row[0]];
    if (beat) outcomes[row[0]] = { kind: 'accepted', facts: toFacts(beat.id, row) };
  }
  if (accepted.length === beats.length) return outcomes;
  const strangers = beats.filter((_, n) => outcomes[n]?.kind === 'unknown').map((beat) => beat.id);
  const known = await sql<{ id: string }>`select id from workspaces where id = any(${strangers}::uuid[])`.execute(db);
  const knownIds = new Set(known.rows.map((row) => row.id));
  return outcomes.map((outcome, n) => {
    const id = beats[n]?.id;
    return outcome.kind === 'unknown' && id !== undefined && knownIds.has(id) ? { kind: 'refused' } : outcome;
  });
}

function toFacts(id: string, row: FactsRow): BeatFacts {
  const [, status, generation, tokenId, inboundSecret, monthlySpend, currentTask, taskChanged, ...vitals] = row;
  const [activeTasks, uptimeSeconds, errorRate, sampleError, runtimeState, managesStatus] = vitals;
  return {
    id,
    status,
    generation,
    tokenId,
    inboundSecret,
    monthlySpend,
    currentTask,
    taskChanged,
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
