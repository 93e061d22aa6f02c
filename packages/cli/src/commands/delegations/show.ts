import type { Delegation } from '@molecule/contract';
import type { Command } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { localTime } from '../../local-time.js';

export const delegationArgs = [
  { name: 'caller', required: true },
  { name: 'id', required: true },
] as const;

export const delegationsShow: Command = {
  path: ['delegations', 'show'],
  args: delegationArgs,
  flags: {},
  summary: 'Print one delegation: its task, its state, and its result or the reason it failed',
  async run({ args, client }) {
    const [caller = '', delegationId = ''] = args;
    const connection = client();
    const { id } = await findWorkspace(connection, caller);
    const { body } = await connection.call('getDelegation', { params: { id, delegationId } });
    return { data: body, text: toText(body) };
  },
};

function toText(one: Delegation): string {
  const told = [
    ['Task', one.task_preview],
    ['State', one.status + (one.late === true ? ' (its result came late and is in the inbox of its caller)' : '')],
    ['Given', localTime(one.created_at)],
    ['Ends at the latest', localTime(one.deadline)],
    ['Last sign of life', one.last_heartbeat === null ? '' : localTime(one.last_heartbeat)],
    ['Tries', String(one.attempts)],
    ['Reason', [one.reason, one.error_detail].filter(Boolean).join(': ')],
    ['Next', one.next_step ?? ''],
    ['Result', one.result?.text ?? ''],
  ];
  return told.flatMap(([what, text]) => (text === '' ? [] : [`${what}: ${text}`])).join('\n');
}
