import { createHash } from 'node:crypto';
import { type DelegationState, parseUuid, type RecordDelegation, type UpdateDelegation } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { Ports } from '../../ports.js';
import { firstCharacters } from '../activity/index.js';
import type { WorkspaceReads } from '../workspaces/index.js';
import { hasEnded, stateOf } from './delegation-state.js';
import { TASK_PREVIEW_CHARACTERS, toEnvelope } from './delegations.js';
import { beginDelegation, type DelegationRecord, findShared } from './delegations.store.js';
import type { Ledger } from './ledger.js';
import { type NewEnding, type NewMessage, RECORDED_METHOD } from './ledger.types.js';
import type { MessageLimits } from './limits.js';
import { insertMessages } from './messages.store.js';
import { projectBegun, projectRecorded } from './projection.js';
import { isOpenInInbox } from './tasks.store.js';

/** What agents tell of delegations: those they made past the platform, and those that lie in their inbox. */
export interface DelegationReports {
  /** Durable when it resolves; may be repeated. Answers the delegation's id in its usual form. */
  record(callerId: string, report: RecordDelegation): Promise<string>;
  /**
   * What the workspace `reporterId`, its caller or its callee, says of a delegation. The first end stands: a later or
   * repeated report changes nothing, and an unknown id is no error (contract registry-a2a §10.3, design §7). Answers the
   * state that is stored.
   */
  update(reporterId: string, delegationId: string, report: UpdateDelegation): Promise<DelegationState>;
}

export interface DelegationReportsDeps extends Pick<Ports, 'lanes' | 'transact'> {
  readonly ledger: Ledger;
  readonly workspaces: WorkspaceReads;
  readonly limits: MessageLimits;
}

const REPORTABLE = ['queued', 'in_progress', 'completed', 'failed'] as const;
type Reportable = (typeof REPORTABLE)[number];

export function createDelegationReports(deps: DelegationReportsDeps): DelegationReports {
  const { lanes, ledger, limits } = deps;

  /** Takes a report of work under way. The row may have ended meanwhile: then nothing changes. */
  async function begin(id: string): Promise<void> {
    await deps.transact('control', async (tx) => {
      const begun = await beginDelegation(tx, id);
      await ledger.project(tx, begun === null ? [] : [projectBegun(begun)]);
    });
  }

  return {
    async record(callerId, report) {
      const id =
        parseUuid(report.delegation_id) ??
        refuse('invalid_request_body', { help: 'Field delegation_id must be a UUID that the agent has made.' });
      const targetId = parseUuid(report.target_id) ?? refuse('invalid_target_id');
      const target = await deps.workspaces.find(lanes.control, targetId);
      const message: NewMessage = {
        id,
        kind: 'delegation',
        callerId,
        targetId,
        // Not the bare id: the agent may have sent its task through the platform under that one.
        messageId: `recorded:${id}`,
        method: RECORDED_METHOD,
        body: toStorableJson(toEnvelope(id, report.task, null)),
        taskPreview: firstCharacters(report.task, TASK_PREVIEW_CHARACTERS),
        // Under way at a place this server does not see. Nobody here holds it, so it waits for a report or its deadline.
        state: 'working',
        lease: null,
        deadlineMs: limits.delegationDeadlineMs,
        delegation: {
          idempotencyKey: null,
          taskHash: createHash('sha256').update(report.task).digest('hex'),
          causeId: null,
          depth: 1,
        },
      };
      await deps.transact('control', async (tx) => {
        const inserted = await insertMessages(tx, [message], limits.depthMax);
        const fresh = inserted.has(id) ? [projectRecorded(message, target?.name ?? targetId)] : [];
        await ledger.project(tx, fresh);
      });
      return id;
    },

    async update(reporterId, delegationId, report) {
      const told = readStatus(report.status);
      const id = parseUuid(delegationId);
      const row = id === null ? null : await findShared(lanes.control, reporterId, id);
      if (row === null) {
        if (id !== null && (told === 'completed' || told === 'failed')) await endInInbox(reporterId, id, told, report);
        return told;
      }
      if (mayReport(row, reporterId) && told !== 'queued') {
        if (told === 'in_progress') await begin(row.id);
        else await end(row, told, report);
      }
      return stateOf((await findShared(lanes.control, reporterId, row.id)) ?? row);
    },
  };

  /** What lies open in the inbox of an agent that fetches its messages ends with its report, whoever sent it. */
  async function endInInbox(
    targetId: string,
    id: string,
    told: 'completed' | 'failed',
    report: UpdateDelegation,
  ): Promise<void> {
    if (!(await isOpenInInbox(lanes.control, targetId, id))) return;
    await ledger.end({ id, owner: null, ending: toEnding(told, report) });
  }

  async function end(row: DelegationRecord, told: 'completed' | 'failed', report: UpdateDelegation): Promise<void> {
    const ending: NewEnding = { id: row.id, owner: null, ending: toEnding(told, report) };
    // Given up before its result came: the row keeps its state, and the caller still gets the result, once.
    if (hasEnded(row.state) || !(await ledger.end(ending))) await ledger.recordLate(ending);
  }
}

/**
 * Whoever was asked may tell how it went. The caller may only tell of what it recorded itself: the outcome of a delegation
 * that the platform carries is what its callee says, not what its caller makes up.
 */
function mayReport(row: DelegationRecord, reporterId: string): boolean {
  return row.target_id === reporterId || row.method === RECORDED_METHOD;
}

function readStatus(status: string): Reportable {
  return REPORTABLE.find((known) => known === status) ?? refuse('invalid_delegation_status');
}

function toEnding(told: 'completed' | 'failed', report: UpdateDelegation): NewEnding['ending'] {
  if (told === 'completed') {
    return { state: 'completed', result: null, text: report.response ?? report.response_preview ?? '' };
  }
  return {
    state: 'failed',
    reason: 'agent_error',
    detail: report.error || 'the agent reported a failure',
    result: null,
  };
}
