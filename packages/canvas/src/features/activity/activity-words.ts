import type { Activity } from '@molecule/contract';

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
