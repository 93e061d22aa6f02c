import type { Activity } from '@molecule/contract';
import { at, textOfRequest } from '@molecule/contract/a2a';

/** What a person may narrow the list to. The server compares the type exactly. */
export const activityFilters = [
  { type: '', label: 'All activity' },
  { type: 'a2a_receive', label: 'Messages received' },
  { type: 'a2a_send', label: 'Messages sent' },
  { type: 'delegation', label: 'Delegations' },
  { type: 'task_update', label: 'Task updates' },
  { type: 'agent_log', label: 'Reports' },
  { type: 'error', label: 'Errors' },
] as const;

/** The kind of a row in one or two words. */
export function kindOf(row: Pick<Activity, 'activity_type' | 'method'>): string {
  switch (row.activity_type) {
    case 'a2a_receive':
      return row.method === 'notify' ? 'Note to you' : 'Message in';
    case 'a2a_send':
      return 'Message out';
    case 'delegation':
      return row.method === 'delegate_result' ? 'Result' : 'Delegation';
    case 'task_update':
      return 'Task';
    case 'agent_log':
      return 'Report';
    case 'skill_promotion':
      return 'Skill';
    case 'memory_write':
      return 'Memory';
    case 'error':
      return 'Error';
    default:
      return row.activity_type.replaceAll('_', ' ');
  }
}

/** The row that tells an agent what came of work it passed on. Names who asked as the source. */
export function isResult(row: Pick<Activity, 'activity_type' | 'method'>): boolean {
  return row.activity_type === 'delegation' && row.method === 'delegate_result';
}

/** The task of a delegation; "" in other rows. */
export function taskOf({ request_body }: Pick<Activity, 'request_body'>): string {
  return textAt(request_body, 'task');
}

/** The result of a delegation; "" in other rows. */
export function resultOf({ response_body }: Pick<Activity, 'response_body'>): string {
  return textAt(response_body, 'text');
}

/** The delegation that a row tells of, or a result that it brought; "" in other rows. */
export function delegationOf({
  request_body,
  response_body,
}: Pick<Activity, 'request_body' | 'response_body'>): string {
  return textAt(request_body, 'delegation_id') || textAt(response_body, 'delegation_id');
}

/** What a row is about, in the words of whoever spoke. */
export function textOfRow(row: Activity): string {
  return textOfRequest(row.request_body) || taskOf(row) || (isResult(row) ? resultOf(row) : '') || row.summary || '';
}

/** A result is recorded as the end of the delegation and as the message that brought it; one of them is enough. */
export function withoutRepeatedResults<Row extends Activity>(rows: readonly Row[]): Row[] {
  const told = new Set(rows.filter(isResult).map((row) => textAt(row.response_body, 'delegation_id')));
  return rows.filter((row) => {
    const brought = row.activity_type === 'a2a_receive' && row.method === 'delegate_result';
    return !brought || !told.has(textAt(row.response_body, 'delegation_id'));
  });
}

function textAt(body: unknown, field: string): string {
  const value = at(body, field);
  return typeof value === 'string' ? value : '';
}

export type Outcome = 'good' | 'bad' | 'open';

export function outcomeOf(status: string): Outcome {
  switch (status) {
    case 'ok':
    case 'completed':
    case 'success':
      return 'good';
    case 'error':
    case 'failed':
    case 'stuck':
      return 'bad';
    default:
      return 'open';
  }
}
