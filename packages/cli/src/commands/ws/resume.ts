import type { Command } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';

/** Starts a paused workspace and every paused one below it. */
export const wsResume: Command = {
  path: ['ws', 'resume'],
  args: [{ name: 'name', required: true }],
  flags: {},
  summary: 'Start a paused agent and every paused one below it',
  async run({ args, client }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const { body } = await connection.call('resumeWorkspace', { params: { id: workspace.id } });
    const count = `${body.resumed_count} ${body.resumed_count === 1 ? 'agent is' : 'agents are'} starting`;
    return { data: body, text: `${workspace.name}: ${count}` };
  },
};
