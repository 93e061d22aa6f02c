import type { Command } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { delegationArgs } from './show.js';

export const delegationsCancel: Command = {
  path: ['delegations', 'cancel'],
  args: delegationArgs,
  flags: { reason: { kind: 'text', describe: 'why, as its caller will read it' } },
  summary: 'Give a delegation up: it ends as failed, and its agent is told to stop',
  async run({ args, flags, client }) {
    const [caller = '', delegationId = ''] = args;
    const connection = client();
    const { id } = await findWorkspace(connection, caller);
    const reason = typeof flags.reason === 'string' ? flags.reason : null;
    const { body } = await connection.call('cancelDelegation', { params: { id, delegationId }, body: { reason } });
    const text = body.reason === 'canceled_by_caller' ? 'Canceled.' : `It had ended before: ${body.status}.`;
    return { data: body, text };
  },
};
