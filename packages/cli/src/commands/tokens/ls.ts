import type { Command } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { localTime } from '../../local-time.js';
import { table } from '../../table.js';
import { TOKENS_PAGE } from './page.js';

export const tokensLs: Command = {
  path: ['tokens', 'ls'],
  args: [{ name: 'workspace', required: true }],
  flags: {},
  summary: 'List the live tokens of a workspace by their first characters',
  async run({ args, client }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const query = { limit: TOKENS_PAGE };
    const { body } = await connection.call('listWorkspaceTokens', { params: { id: workspace.id }, query });
    if (body.tokens.length === 0) return { data: body, text: `${workspace.name} has no token.` };
    const rows = body.tokens.map(({ id, prefix, created_at, last_used_at, agent }) => [
      prefix,
      localTime(created_at),
      last_used_at === null ? 'never' : localTime(last_used_at),
      agent ? 'its agent' : '',
      id,
    ]);
    return { data: body, text: table(['TOKEN', 'CREATED', 'LAST USED', 'USED BY', 'ID'], rows) };
  },
};
