import type { Command } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';

export const tokensCreate: Command = {
  path: ['tokens', 'create'],
  args: [{ name: 'workspace', required: true }],
  flags: {},
  summary: 'Make one more token for a workspace and print it, this once',
  async run({ args, client, note }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const { body } = await connection.call('createWorkspaceToken', { params: { id: workspace.id } });
    // The token alone is the output, so that it can be passed on to another program.
    note(`It acts for ${workspace.name} alone. Save it now: it is not shown again.`);
    if (workspace.runtime !== 'external')
      note('The next start of the agent ends it, a change of a secret or model among them.');
    return { data: body, text: body.auth_token };
  },
};
