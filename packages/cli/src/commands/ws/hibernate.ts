import type { Command } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { STOP_WAIT_MS } from '../../stop-wait.js';

/** Stops an idle agent; the next message starts it again. */
export const wsHibernate: Command = {
  path: ['ws', 'hibernate'],
  args: [{ name: 'name', required: true }],
  flags: { force: { kind: 'boolean', describe: 'also when it is working' } },
  summary: 'Stop an idle agent until the next message wakes it',
  async run({ args, flags, client }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const { body } = await connection.call(
      'hibernateWorkspace',
      { params: { id: workspace.id }, query: { force: flags.force === true } },
      { timeoutMs: STOP_WAIT_MS },
    );
    const how = body.status === 'hibernated' ? 'hibernates' : 'is still being stopped';
    return { data: body, text: `${workspace.name} ${how}; the next message wakes it` };
  },
};
