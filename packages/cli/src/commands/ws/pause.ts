import type { Command } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { STOP_WAIT_MS } from '../../stop-wait.js';

/** Holds a workspace and everything below it. */
export const wsPause: Command = {
  path: ['ws', 'pause'],
  args: [{ name: 'name', required: true }],
  flags: {},
  summary: 'Stop an agent and everything below it until it is resumed',
  async run({ args, client }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const request = { params: { id: workspace.id } };
    const { body } = await connection.call('pauseWorkspace', request, { timeoutMs: STOP_WAIT_MS });
    const count = `${body.paused_count} ${body.paused_count === 1 ? 'agent' : 'agents'} paused`;
    const open = body.stop_failures
      ? `; ${body.stop_failures} could not be stopped yet, the server goes on trying`
      : '';
    return { data: body, text: `${workspace.name}: ${count}${open}` };
  },
};
