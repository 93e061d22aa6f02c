import type { LedgerCluster } from './cluster.js';
import { type Change, readChanges } from './history.js';
import type { RunRecord } from './ledger-run.js';
import { answerTo } from './moody-agent.js';
import { PUSHED } from './steps.js';

const ENDED = new Set(['completed', 'failed', 'canceled', 'stuck']);
/** A question of the agent: it waits for as long as nobody answers it, but it is the answer to its message. */
const ASKS = 'input_required';
/** After these nothing was started, so the same message may be sent once more (features/messages/reasons.ts). */
const RESENDABLE = new Set(['agent_unreachable', 'url_not_routable', 'expired', 'target_failed', 'budget_exceeded']);
const RECORDED = 'delegations/record';

/** Everything that the ledger promises about a run that has settled. Answers what is wrong, in words. */
export async function auditLedger(cluster: LedgerCluster, run: RunRecord): Promise<readonly string[]> {
  const facts = await readFacts(cluster, run);
  return [
    ...run.unsettled.map((what) => `did not settle: ${what}`),
    ...promisesOf(facts, run),
    ...facts.rows.flatMap((row) => [
      ...endOf(row, facts),
      ...projectionOf(row, facts),
      ...(row.kind === 'delegation' ? outcomeOf(row, facts) : answerOf(row, facts)),
      ...effectOf(row, facts, cluster),
    ]),
    ...facts.gaps,
  ];
}

type Facts = Awaited<ReturnType<typeof readFacts>>;
type Row = Facts['rows'][number];

async function readFacts({ database }: LedgerCluster, { lead, targets }: RunRecord) {
  const db = database.lanes.work;
  const ids = [lead, ...Object.values(targets)];
  const rows = await db.selectFrom('messages').selectAll().where('target_id', 'in', ids).orderBy('seq').execute();
  const changes = await readChanges(
    db,
    rows.map(({ id }) => id),
  );
  const logs = await db.selectFrom('activity_logs').selectAll().where('workspace_id', 'in', ids).execute();
  const events = await db
    .selectFrom('events')
    .select(['seq', 'type', 'workspace_id', 'payload'])
    .orderBy('seq')
    .execute();
  const named = events
    .filter(({ workspace_id: id }) => id !== null && ids.includes(id))
    .map(({ type, payload }) => ({ type, payload: payload as Readonly<Record<string, unknown>> }));
  return {
    lead,
    inbox: targets.inbox,
    rows,
    changesOf: groupBy(changes, ({ id }) => id),
    logs,
    events: named,
    gaps: events
      .flatMap(({ seq }, index) => (seq === index + 1 ? [] : [`event ${index + 1} has seq ${seq}`]))
      .slice(0, 1),
  };
}

function promisesOf({ rows }: Facts, { promised, promisedMessages, targets }: RunRecord): readonly string[] {
  const ids = new Set(rows.map(({ id }) => id));
  const messages = new Set(rows.map(({ target_id, message_id }) => `${target_id} ${message_id}`));
  return [
    ...[...promised].filter((id) => !ids.has(id)).map((id) => `delegation ${id} was promised and is gone`),
    ...promisedMessages
      .filter(({ target, messageId }) => !messages.has(`${targets[target]} ${messageId}`))
      .map(({ messageId }) => `"${messageId}" was promised and is gone`),
  ];
}

/** Ended, free, and never anything else after its end; a message that was sent once more begins anew. */
function endOf(row: Row, facts: Facts): readonly string[] {
  const wrong = (facts.changesOf.get(row.id) ?? [])
    .filter((change) => ENDED.has(change.from) && !isSentOnceMore(row, change))
    .map((change) => `${name(row)}: ${change.from} (${change.reason}) became ${change.to} (${row.reason})`);
  if (!ENDED.has(row.state) && (row.state !== ASKS || row.kind === 'delegation'))
    wrong.push(`${name(row)} is ${row.state}`);
  if (row.lease_owner !== null || row.lease_until !== null) wrong.push(`${name(row)} is leased`);
  return wrong;
}

function isSentOnceMore({ kind }: Row, { from, to, reason }: Change): boolean {
  return kind !== 'delegation' && from === 'failed' && to === 'working' && RESENDABLE.has(reason ?? '');
}

/** How the row ended by the hand of somebody: what lies in an inbox was complete when it was written. */
function endingsOf(row: Row, { changesOf }: Facts): readonly Change[] {
  return (changesOf.get(row.id) ?? []).filter(({ from, to }) => !ENDED.has(from) && (ENDED.has(to) || to === ASKS));
}

/** The row of the log says what the ledger says. */
function projectionOf(row: Row, { logs }: Facts): readonly string[] {
  const [log, ...more] = logs.filter(({ id }) => id === row.id);
  if (row.method === RECORDED) return log ? [`${name(row)} is in the inbox of its callee`] : [];
  if (!log || more.length > 0) return [`${name(row)} has ${log ? 'several rows' : 'no row'} in the log`];
  const answered = row.state === 'completed' || row.state === ASKS;
  const expected = { status: answered ? 'ok' : 'error', error: answered ? null : row.error_detail };
  const seen = { status: log.status, error: answered ? null : log.error_detail };
  return [
    ...(log.workspace_id === row.target_id ? [] : [`${name(row)} is in the log of another workspace`]),
    ...(JSON.stringify(seen) === JSON.stringify(expected)
      ? []
      : [`${name(row)}: the log says ${JSON.stringify(seen)}, the ledger ${JSON.stringify(expected)}`]),
  ];
}

/** A delegation: announced once, ended once in the log, and its result once in the inbox of its caller. */
function outcomeOf(row: Row, facts: Facts): readonly string[] {
  const events = facts.events.filter(({ payload }) => payload.delegation_id === row.id);
  const ends = events.filter(({ type }) => type === 'DELEGATION_COMPLETE' || type === 'DELEGATION_FAILED');
  const own = facts.logs.filter(
    (log) =>
      log.workspace_id === facts.lead && [log.request_body, log.response_body].some((body) => names(body, row.id)),
  );
  const inbox = own.filter(({ activity_type: type }) => type === 'a2a_receive');
  const isLate = (body: unknown): boolean => typeof body === 'object' && body !== null && 'late' in body;
  const status = row.state === 'completed' ? 'completed' : 'failed';
  const task = own.filter(({ method, activity_type: type }) => method === 'delegate' && type === 'delegation');
  const result = own.filter(({ method, activity_type: type }) => method === 'delegate_result' && type === 'delegation');
  return [
    ...expectCount(
      row,
      'beginnings in the event log',
      1,
      events.filter(({ type }) => type === 'DELEGATION_SENT').length,
    ),
    ...expectCount(row, 'ends in the event log', 1, ends.filter(({ payload }) => !isLate(payload)).length),
    ...expectCount(
      row,
      'late ends in the event log',
      row.late ? 1 : 0,
      ends.filter(({ payload }) => isLate(payload)).length,
    ),
    ...expectCount(row, 'changes to an end', 1, endingsOf(row, facts).length),
    ...expectCount(row, 'results in the inbox', 1, inbox.filter((log) => !isLate(log.response_body)).length),
    ...expectCount(
      row,
      'late results in the inbox',
      row.late ? 1 : 0,
      inbox.filter((log) => isLate(log.response_body)).length,
    ),
    ...expectCount(row, `rows of its task that say ${status}`, 1, task.filter((log) => log.status === status).length),
    ...expectCount(
      row,
      `rows of its result that say ${status}`,
      1,
      result.filter((log) => log.status === status).length,
    ),
    ...ends
      .filter(({ type, payload }) => !isLate(payload) && (type === 'DELEGATION_COMPLETE') !== (status === 'completed'))
      .map(({ type }) => `${name(row)} was announced by ${type}`),
  ];
}

/** Any other message: its end is logged once, and a person is answered once. */
function answerOf(row: Row, facts: Facts): readonly string[] {
  const ends = facts.events.filter(
    ({ type, payload }) =>
      type === 'ACTIVITY_LOGGED' && payload.activity_id === row.id && Number(payload.duration_ms) > 0,
  );
  const answers = facts.events.filter(({ type, payload }) => type === 'A2A_RESPONSE' && payload.activity_id === row.id);
  const endings = endingsOf(row, facts);
  const answered = row.kind === 'chat' ? endings.filter(({ to }) => to === 'completed' || to === ASKS).length : 0;
  return [
    ...expectCount(row, 'ends in the event log', endings.length, ends.length),
    ...expectCount(row, 'answers to a person', answered, answers.length),
  ];
}

/**
 * Whatever was delivered however often: the work was done once at most, and done if its answer is the result. One that can
 * be asked is asked, and not sent again what it has.
 */
function effectOf(row: Row, { changesOf }: Facts, { agents }: LedgerCluster): readonly string[] {
  const begun = PUSHED.reduce((sum, agent) => sum + (agents[agent].begun.get(row.message_id) ?? 0), 0);
  const isRepeated = PUSHED.some((agent) => agents[agent].repeated.has(row.message_id));
  const wasSentOnceMore = (changesOf.get(row.id) ?? []).some((change) => isSentOnceMore(row, change));
  const isItsAnswer = row.result_preview === answerTo(row.message_id);
  return [
    ...(begun > 1 ? [`${name(row)} was done ${begun} times`] : []),
    ...(isItsAnswer && begun === 0 ? [`${name(row)} was answered and never done`] : []),
    ...(isRepeated && !wasSentOnceMore ? [`${name(row)} was sent again to an agent that had it`] : []),
  ];
}

function expectCount(row: Row, what: string, expected: number, seen: number): readonly string[] {
  return seen === expected ? [] : [`${name(row)}: ${seen} ${what} instead of ${expected}`];
}

function name({ kind, message_id, state, reason }: Row): string {
  return `${kind} ${message_id} [${state}${reason === null ? '' : ` ${reason}`}]`;
}

function names(body: unknown, delegationId: string): boolean {
  return JSON.stringify(body ?? null).includes(delegationId);
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
