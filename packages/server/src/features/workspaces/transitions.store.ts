import type { NewEvent, Status } from '@molecule/contract';
import { sql } from 'kysely';
import type { ApplyTransitions } from '../../platform/commit.js';
import type { Tx } from '../../platform/db.js';
import { AppError } from '../../platform/http/app-error.js';
import { toStorableJson } from '../../platform/storable-json.js';
import { fitSentence, recordFailure } from './failure-record.js';
import { decide, type Trigger } from './lifecycle.js';
import type { Transition, TransitionOutcome } from './transition.js';
import type { Desired } from './workspaces.types.js';

interface LockedRow {
  readonly id: string;
  readonly name: string;
  readonly status: Status;
  readonly generation: number;
  readonly runtime: string;
  readonly tier: number;
}

interface Change {
  readonly id: string;
  readonly status: Status;
  readonly error: string | null;
  readonly reason: string | null;
  readonly desired: Desired | null;
}

/** Triggers by which the owner asks for something else: they also move the desired state and the generation. */
const DESIRED_BY: Partial<Record<Trigger, Desired>> = {
  start_requested: 'running',
  await_requested: 'running',
  message_waiting: 'running',
  pause_requested: 'stopped',
  hibernate_requested: 'stopped',
  remove_requested: 'removed',
};

/**
 * Applies a set of transitions in one go: locks the rows in id order (two sets never wait for each other in a circle),
 * decides each by the table, writes them with one statement. Two transitions of one workspace in a set are applied in
 * the order given.
 */
export const applyTransitions: ApplyTransitions<Transition, TransitionOutcome> = async (tx, transitions) => {
  if (transitions.length === 0) return { outcomes: [], events: [] };
  const rows = await lockRows(tx, [...new Set(transitions.map((transition) => transition.workspaceId))]);
  const changes = new Map<string, Change>();
  const outcomes: TransitionOutcome[] = [];
  const events: NewEvent[] = [];
  for (const transition of transitions) {
    const row = rows.get(transition.workspaceId);
    const outcome = judge(row, transition);
    outcomes.push(outcome);
    if (!row || outcome.kind !== 'moved') continue;
    const change = toChange(row, transition, outcome.to, changes.get(row.id));
    changes.set(row.id, change);
    events.push(...toEvents(row, transition, outcome.from, outcome.to));
    rows.set(row.id, {
      ...row,
      status: outcome.to,
      generation: row.generation + (DESIRED_BY[transition.trigger] ? 1 : 0),
    });
  }
  if (changes.size > 0) await writeChanges(tx, [...changes.values()], rows);
  return { outcomes, events };
};

async function lockRows(tx: Tx, ids: readonly string[]): Promise<Map<string, LockedRow>> {
  const rows = await tx
    .selectFrom('workspaces')
    .select(['id', 'name', 'status', 'generation', 'runtime', 'tier'])
    .where(sql<boolean>`id = any(${[...ids]}::uuid[])`)
    .orderBy('id')
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

function judge(row: LockedRow | undefined, transition: Transition): TransitionOutcome {
  if (!row) return { kind: 'unknown_workspace' };
  if (transition.generation !== undefined && transition.generation < row.generation) {
    return { kind: 'stale', status: row.status, generation: row.generation };
  }
  const outcome = decide(row.status, transition.trigger);
  if ('to' in outcome) return { kind: 'moved', from: row.status, to: outcome.to };
  if ('refuse' in outcome) throw new AppError(outcome.refuse);
  return { kind: 'ignored', status: row.status, why: outcome.ignore };
}

function toChange(row: LockedRow, transition: Transition, status: Status, before: Change | undefined): Change {
  return {
    id: row.id,
    status,
    error: errorOf(transition),
    reason: 'failure' in transition ? transition.failure.reason : null,
    desired: DESIRED_BY[transition.trigger] ?? before?.desired ?? null,
  };
}

/** What a person should read on the card: why it is failed or gone. Everything healthy clears it. */
function errorOf(transition: Transition): string | null {
  if ('failure' in transition) return recordFailure(transition.failure).text;
  if ('why' in transition) return fitSentence(transition.why);
  return null;
}

function toEvents(row: LockedRow, transition: Transition, from: Status, to: Status): NewEvent[] {
  const workspaceId = row.id;
  const event = (of: NewEvent): NewEvent => of;
  switch (to) {
    case 'provisioning':
      return [
        event({
          type: 'WORKSPACE_PROVISIONING',
          workspaceId,
          payload: { name: row.name, tier: row.tier, runtime: row.runtime },
        }),
      ];
    case 'online': {
      const payload =
        'online' in transition ? transition.online : from === 'provisioning' ? { recovered_from: from } : {};
      return [event({ type: 'WORKSPACE_ONLINE', workspaceId, payload })];
    }
    case 'degraded':
      return [
        event({
          type: 'WORKSPACE_DEGRADED',
          workspaceId,
          payload: 'degraded' in transition ? transition.degraded : { sample_error: '' },
        }),
      ];
    case 'offline':
      return [
        event({
          type: 'WORKSPACE_OFFLINE',
          workspaceId,
          payload: 'why' in transition ? { reason: fitSentence(transition.why) } : {},
        }),
      ];
    case 'awaiting_agent':
      // Canvases of the predecessor know only OFFLINE, so it goes first (contract registry-a2a §7.3).
      return [
        event({ type: 'WORKSPACE_OFFLINE', workspaceId, payload: {} }),
        event({ type: 'WORKSPACE_AWAITING_AGENT', workspaceId, payload: { name: row.name, external: true } }),
      ];
    case 'failed': {
      const payload = 'failure' in transition ? recordFailure(transition.failure).payload : { error: '' };
      return [event({ type: 'WORKSPACE_PROVISION_FAILED', workspaceId, payload })];
    }
    case 'paused':
      return [event({ type: 'WORKSPACE_PAUSED', workspaceId, payload: { name: row.name } })];
    case 'hibernating':
      return [event({ type: 'WORKSPACE_UPDATED', workspaceId, payload: { changes: { status: to } } })];
    case 'hibernated':
      return [event({ type: 'WORKSPACE_HIBERNATED', workspaceId, payload: { name: row.name, tier: row.tier } })];
    case 'removed': {
      const cascade = transition.trigger === 'remove_requested' ? transition.cascadeDeleted : undefined;
      return [
        event({
          type: 'WORKSPACE_REMOVED',
          workspaceId,
          payload: cascade === undefined ? {} : { cascade_deleted: cascade },
        }),
      ];
    }
    default: {
      const unreachable: never = to;
      throw new Error(`no event for status ${String(unreachable)}`);
    }
  }
}

async function writeChanges(tx: Tx, changes: readonly Change[], rows: ReadonlyMap<string, LockedRow>): Promise<void> {
  const values = toStorableJson(changes.map((change) => ({ ...change, generation: rows.get(change.id)?.generation })));
  // The rows are locked, so writing by id is the compare-and-set. An address never outlives the state it belongs to:
  // whoever enters provisioning, paused, hibernated or removed has none until an instance reports a new one. A failed one
  // keeps it: its agent may come back with a heartbeat.
  await sql`
    update workspaces as w
       set status = v.status::workspace_status,
           -- A new wish begins anew: a restart of what is still starting has the whole time to start again.
           status_changed_at = case when w.status::text = v.status and v.desired is null then w.status_changed_at
                                    else now() end,
           last_sample_error = v.error,
           failure_reason = v.reason,
           start_progress = '',
           start_progress_at = null,
           desired = coalesce(v.desired, w.desired),
           generation = v.generation,
           due_at = case when v.desired is null then w.due_at end,
           crash_count = case when v.desired is null then w.crash_count else 0 end,
           crash_window_started_at = case when v.desired is null then w.crash_window_started_at end,
           url = case when v.status in ('provisioning', 'paused', 'hibernated', 'removed') then null else w.url end,
           online_since = case
             when v.status in ('online', 'degraded') then coalesce(w.online_since, now())
             else null
           end,
           removed_at = case when v.status = 'removed' then coalesce(w.removed_at, now()) else w.removed_at end,
           updated_at = now()
      from jsonb_to_recordset(${values}::jsonb)
           as v(id uuid, status text, error text, reason text, desired text, generation bigint)
     where w.id = v.id`.execute(tx);
}
