import { type AdminDelegation, DELEGATION_VIEWS, type DelegationView, type Workspace } from '@molecule/contract';
import { type Command, readCount, UsageError } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { localTime } from '../../local-time.js';
import { table } from '../../table.js';
import { cutToWidth } from '../../width.js';

const ROWS = 100;
const ROWS_MAX = 1_000;
const TEXT_COLUMNS = 50;
const EMPTY: Readonly<Record<DelegationView, string>> = {
  in_flight: 'No delegation is in flight.',
  stuck: 'No delegation is stuck.',
  failed: 'No delegation has failed.',
  completed: 'No delegation has been completed.',
};

/** What became of work that agents gave to each other, across the organisation or for one caller. */
export const delegationsLs: Command = {
  path: ['delegations', 'ls'],
  args: [{ name: 'caller', required: false }],
  flags: {
    status: { kind: 'text', describe: `${DELEGATION_VIEWS.join(', ')} (default in_flight)` },
    limit: { kind: 'text', short: 'n', describe: `how many (default ${ROWS}, at most ${ROWS_MAX})` },
  },
  summary: 'List delegations with their state, and why they failed',
  async run({ args, flags, client }) {
    const status = readView(flags.status);
    const limit = readCount('limit', flags.limit, ROWS, ROWS_MAX);
    const connection = client();
    const [caller] = args;
    const only = caller === undefined ? null : await findWorkspace(connection, caller);
    const [{ body }, { body: workspaces }] = await Promise.all([
      connection.call('listAllDelegations', {
        query: { status, limit, ...(only === null ? {} : { caller_id: only.id }) },
      }),
      connection.call('listWorkspaces', {}),
    ]);
    if (body.count === 0) return { data: body, text: EMPTY[status] };
    const nameOf = namesOf(workspaces);
    const rows = body.delegations.map((one) => [
      one.delegation_id,
      one.status + (one.late === true ? ' (late result)' : ''),
      `${nameOf(one.caller_id)} → ${nameOf(one.callee_id)}`,
      localTime(one.created_at),
      cutToWidth(one.task_preview, TEXT_COLUMNS),
      cutToWidth(outcomeOf(one), TEXT_COLUMNS),
    ]);
    return { data: body, text: table(['ID', 'STATE', 'WHO', 'SINCE', 'TASK', 'OUTCOME'], rows) };
  },
};

function readView(value: string | boolean | undefined): DelegationView {
  if (value === undefined) return 'in_flight';
  const view = DELEGATION_VIEWS.find((one) => one === value);
  if (view === undefined) throw new UsageError(`--status takes one of ${DELEGATION_VIEWS.join(', ')}`);
  return view;
}

/** A removed workspace has no name any more; its id still tells it from the others. */
function namesOf(workspaces: readonly Workspace[]): (id: string) => string {
  const names = new Map(workspaces.map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? id.slice(0, 8);
}

function outcomeOf({ status, result_preview: answer, error_detail: error, reason }: AdminDelegation): string {
  if (status === 'completed') return answer ?? '';
  if (status === 'failed' || status === 'stuck') return [reason, error].filter(Boolean).join(': ');
  return '';
}
