import type { Command } from '../../command.js';
import { describeRestarts, dryRunFlag, previewOutcome } from '../restart-preview.js';
import { findScope, wsFlag } from './scope.js';

export const secretRm: Command = {
  path: ['secret', 'rm'],
  args: [{ name: 'key', required: true }],
  flags: { ws: wsFlag, 'dry-run': dryRunFlag },
  summary: 'Delete a secret',
  async run({ args, flags, client }) {
    const [key = ''] = args;
    const connection = client();
    const workspace = await findScope(connection, flags);
    const query = { dry_run: flags['dry-run'] === true };
    if (workspace === null) {
      const { body } = await connection.call('deleteGlobalSecret', { params: { key }, query });
      if (body.status === 'dry_run') return previewOutcome(body);
      return { data: body, text: `${key} is deleted for all agents; ${describeRestarts(body.restarts)}` };
    }
    const { body } = await connection.call('deleteSecret', { params: { id: workspace.id, key }, query });
    if (body.status === 'dry_run') return previewOutcome(body);
    return { data: body, text: `${key} of ${workspace.name} is deleted; its agent starts without it from now on` };
  },
};
