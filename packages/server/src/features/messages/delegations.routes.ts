import type { Delegation, DelegationRow, Routes } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import { textOfResult } from '../../proxy/answer.js';
import { isJsonObject, textOf } from '../../proxy/json.js';
import type { Actor } from '../access/index.js';
import { firstCharacters } from '../activity/index.js';
import { cancelDelegation } from './cancel-delegation.js';
import type { DelegationReports } from './delegation-reports.js';
import { hasEnded, stateOf } from './delegation-state.js';
import type { Delegations, Submitted } from './delegations.js';
import { type DelegationRecord, findDelegation, listDelegations } from './delegations.store.js';
import type { GiveUpDeps } from './give-up.js';
import type { MessageWaits } from './message-waits.js';
import { nextStep } from './reasons.js';
import { retryDelegation } from './retry-delegation.js';

export type DelegationHandlers = Pick<
  HandlersFor<Routes, Actor>,
  | 'delegate'
  | 'listDelegations'
  | 'getDelegation'
  | 'recordDelegation'
  | 'updateDelegation'
  | 'cancelDelegation'
  | 'retryDelegation'
>;

const SUMMARY_CHARACTERS = 80;

export function createDelegationHandlers(
  deps: GiveUpDeps,
  delegations: Delegations,
  reports: DelegationReports,
  waits: MessageWaits,
): DelegationHandlers {
  const { lanes } = deps;
  return {
    async delegate({ params, body }) {
      const answer = await delegations.submit(params.id, body);
      if (answer.kind !== 'hit') return { status: 202, body: toAccepted(answer) };
      const { id, targetId, status } = answer;
      return { status: 200, body: { delegation_id: id, status, target_id: targetId, idempotent_hit: true } };
    },

    async retryDelegation({ params }) {
      const answer = await retryDelegation(deps, delegations, params.id, params.delegationId);
      // Without an idempotency key nothing can be hit.
      if (answer.kind === 'hit') throw new Error('a delegation without a key was taken for a repeated one');
      return { status: 202, body: toAccepted(answer) };
    },

    async listDelegations({ params, query }) {
      const rows = await listDelegations(lanes.control, params.id, query.limit);
      return { status: 200, body: rows.map((row) => toRow(row, params.id)) };
    },

    async getDelegation({ params, query, request }) {
      const id = params.delegationId;
      const wait = query.wait ? waits.wait(id, query.wait * 1_000, request.clientGone) : null;
      try {
        for (;;) {
          const record = (await findDelegation(lanes.control, params.id, id)) ?? refuse('delegation_not_found');
          if (hasEnded(record.state) || !wait || wait.isOver()) {
            return { status: 200, body: toDelegation(record, params.id) };
          }
          await wait.next();
        }
      } finally {
        wait?.done();
      }
    },

    async recordDelegation({ params, body }) {
      const id = await reports.record(params.id, body);
      return { status: 202, body: { delegation_id: id, status: 'recorded' } };
    },

    async updateDelegation({ params, body }) {
      const status = await reports.update(params.id, params.delegationId, body);
      return { status: 200, body: { status, delegation_id: params.delegationId } };
    },

    async cancelDelegation({ params, body }) {
      const why = body.reason || 'canceled by its caller';
      const record = await cancelDelegation(deps, params.id, params.delegationId, why);
      return { status: 200, body: toDelegation(record ?? refuse('delegation_not_found'), params.id) };
    },
  } satisfies DelegationHandlers;
}

function toAccepted(answer: Exclude<Submitted, { kind: 'hit' }>) {
  if (answer.kind === 'refused') {
    return refuse('loop_refused', { text: `delegation refused by a loop limit (${answer.limit})` });
  }
  return { delegation_id: answer.id, status: 'delegated' as const, target_id: answer.targetId };
}

/**
 * The legacy list is a projection of the ledger with one row per delegation that carries status, preview and error, so
 * that readers of either of the predecessor's two rows find what they look for (contract registry-a2a §10.5, §19.5).
 */
function toRow(record: DelegationRecord, callerId: string): DelegationRow {
  const status = stateOf(record);
  const preview = record.result_preview;
  return {
    id: record.id,
    type: 'delegation',
    source_id: callerId,
    target_id: record.target_id,
    summary: firstCharacters(record.task_preview, SUMMARY_CHARACTERS),
    status,
    created_at: record.created_at.toISOString(),
    delegation_id: record.id,
    ...(status === 'failed' || status === 'stuck' ? { error: record.error_detail ?? '' } : {}),
    ...(preview === null ? {} : { response_preview: preview }),
  };
}

function toDelegation(record: DelegationRecord, callerId: string): Delegation {
  const status = stateOf(record);
  const failed = status === 'failed' || status === 'stuck';
  const next = failed ? nextStep(record.reason) : null;
  return {
    delegation_id: record.id,
    caller_id: callerId,
    target_id: record.target_id,
    status,
    task_preview: record.task_preview,
    ...(status === 'completed' ? { result: { text: answerOf(record) } } : {}),
    ...(record.result_preview === null ? {} : { result_preview: record.result_preview }),
    // Before the end it says why the last delivery did not succeed, which is of interest only there.
    ...(failed && record.error_detail !== null ? { error_detail: record.error_detail } : {}),
    ...(failed && record.reason !== null ? { reason: record.reason } : {}),
    ...(next === null ? {} : { next_step: next }),
    ...(record.late ? { late: true as const } : {}),
    attempts: record.attempts,
    deadline: (record.deadline ?? record.created_at).toISOString(),
    last_heartbeat: record.last_heartbeat?.toISOString() ?? null,
    created_at: record.created_at.toISOString(),
    updated_at: record.updated_at.toISOString(),
  };
}

function answerOf({ result, result_preview: preview }: DelegationRecord): string {
  if (!isJsonObject(result)) return preview ?? '';
  return textOf(result, 'raw') ?? (textOfResult(result.result) || preview || '');
}
