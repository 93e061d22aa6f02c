import type { Command } from '../../command.js';
import { localTime } from '../../local-time.js';
import { table } from '../../table.js';
import { findScope, wsFlag } from './scope.js';

export const secretLs: Command = {
  path: ['secret', 'ls'],
  args: [],
  flags: { ws: wsFlag },
  summary: 'List the names of secrets; values never leave the server',
  async run({ flags, client }) {
    const connection = client();
    const workspace = await findScope(connection, flags);
    const { body } =
      workspace === null
        ? await connection.call('listGlobalSecrets', {})
        : await connection.call('listSecrets', { params: { id: workspace.id } });
    if (body.length === 0) return { data: body, text: 'There is no secret.' };
    const rows = body.map(({ key, scope, updated_at }) => [
      key,
      scope === 'global' ? 'all agents' : (workspace?.name ?? ''),
      localTime(updated_at),
    ]);
    return { data: body, text: table(['NAME', 'FOR', 'CHANGED'], rows) };
  },
};
