import type { AdminDelegation, DelegationState, Routes } from '@molecule/contract';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import type { Actor } from '../access/index.js';
import { firstCharacters } from '../activity/index.js';
import { stateOf } from './delegation-state.js';
import type { DelegationRecord } from './delegations.store.js';
import type { Ledger } from './ledger.js';
import type { MessageLimits } from './limits.js';
import {
  countDelegations,
  listDelegationsIn,
  listOpenCallers,
  listQueued,
  listRepeated,
  listStale,
} from './message-admin.store.js';
import { nextStep } from './reasons.js';

export type MessageAdminHandlers = Pick<
  HandlersFor<Routes, Actor>,
  'listAllDelegations' | 'countDelegations' | 'listQueue' | 'dropStale' | 'readBreakers'
>;

export interface MessageAdminDeps extends Pick<Ports, 'lanes'> {
  readonly ledger: Ledger;
  readonly limits: MessageLimits;
}

const ROWS = 100;
const PREVIEW_CHARACTERS = 100;
const DROP_AT_ONCE = 256;

/** What operators see of the ledger, and the one thing they do to it (contract registry-a2a §9.4, §10.9). */
export function createMessageAdminHandlers({ lanes, ledger, limits }: MessageAdminDeps): MessageAdminHandlers {
  return {
    async listAllDelegations({ query }) {
      const { status = 'in_flight', limit = ROWS, caller_id: callerId } = query;
      const rows = await listDelegationsIn(lanes.control, status, callerId, limit);
      return { status: 200, body: { delegations: rows.map(toAdminRow), count: rows.length, limit, status } };
    },

    async countDelegations() {
      const counts: Record<DelegationState, number> = {
        queued: 0,
        dispatched: 0,
        in_progress: 0,
        completed: 0,
        failed: 0,
        stuck: 0,
      };
      for (const row of await countDelegations(lanes.control)) counts[stateOf(row)] += row.count;
      return { status: 200, body: counts };
    },

    async listQueue({ query }) {
      const { workspace_id: workspaceId, limit = ROWS } = query;
      const rows = await listQueued(lanes.control, workspaceId, limit);
      const queue = rows.map((row) => ({
        id: row.id,
        workspace_id: row.target_id,
        caller_id: row.caller_id,
        kind: row.kind,
        method: row.method,
        attempts: row.attempts,
        enqueued_at: row.created_at.toISOString(),
        due_at: row.due_at.toISOString(),
        last_error: row.error_detail,
      }));
      return { status: 200, body: { queue, count: queue.length, limit } };
    },

    async dropStale({ query }) {
      const { max_age_minutes: minutes, workspace_id: workspaceId } = query;
      const detail = `dropped by an operator after more than ${minutes} min in the queue`;
      const ending = { state: 'failed', reason: 'dropped', detail, result: null } as const;
      let dropped = 0;
      for (;;) {
        const ids = await listStale(lanes.control, minutes, workspaceId, DROP_AT_ONCE);
        const ended = await ledger.endAll(ids.map((id) => ({ id, owner: null, onlyQueued: true, ending })));
        dropped += ended;
        // None of a full page ended: others are taking the very same rows, which is as good.
        if (ids.length < DROP_AT_ONCE || ended === 0) return { status: 200, body: { dropped } };
      }
    },

    async readBreakers() {
      const [callers, identical] = await Promise.all([
        listOpenCallers(lanes.control),
        listRepeated(lanes.control, limits),
      ]);
      return {
        status: 200,
        body: {
          limits: {
            depth: limits.depthMax,
            open: limits.openMax,
            identical: limits.sameMax,
            identical_within_seconds: limits.sameWithinSeconds,
          },
          callers: callers.map(({ id, open, depth }) => ({ workspace_id: id, open, depth })),
          identical: identical.map(({ callerId, targetId, taskPreview, count }) => ({
            caller_id: callerId,
            target_id: targetId,
            task_preview: firstCharacters(taskPreview, PREVIEW_CHARACTERS),
            count,
          })),
        },
      };
    },
  } satisfies MessageAdminHandlers;
}

function toAdminRow(row: DelegationRecord): AdminDelegation {
  const next = nextStep(row.reason);
  return {
    delegation_id: row.id,
    // The schema lets a message be without a caller; a delegation always has one.
    caller_id: row.caller_id ?? row.target_id,
    callee_id: row.target_id,
    task_preview: row.task_preview,
    status: stateOf(row),
    ...(row.last_heartbeat === null ? {} : { last_heartbeat: row.last_heartbeat.toISOString() }),
    ...(row.deadline === null ? {} : { deadline: row.deadline.toISOString() }),
    ...(row.result_preview === null ? {} : { result_preview: row.result_preview }),
    ...(row.error_detail === null ? {} : { error_detail: row.error_detail }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(next === null ? {} : { next_step: next }),
    ...(row.late ? { late: true as const } : {}),
    retry_count: Math.max(0, row.attempts - 1),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
