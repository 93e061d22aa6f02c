import type { Command } from '../../command.js';
import { PROGRAM } from '../../config.js';
import { findListed } from '../../find-listed.js';
import { findWorkspace } from '../../find-workspace.js';
import { TOKENS_PAGE } from './page.js';

export const tokensRevoke: Command = {
  path: ['tokens', 'revoke'],
  args: [
    { name: 'workspace', required: true },
    { name: 'token', required: true },
  ],
  flags: {},
  summary: 'Revoke a token of a workspace, named by its first characters or its id',
  async run({ args, client }) {
    const [name = '', wanted = ''] = args;
    const connection = client();
    const workspace = await findWorkspace(connection, name);
    const params = { id: workspace.id };
    const { body: listed } = await connection.call('listWorkspaceTokens', { params, query: { limit: TOKENS_PAGE } });
    const token = findListed(listed.tokens, wanted, 'token', `${PROGRAM} tokens ls ${name}`);
    const { body } = await connection.call('revokeWorkspaceToken', { params: { ...params, tokenId: token.id } });
    const then = body.restarts ? '; it was that of the agent, which starts again with another' : '';
    return { data: { ...body, id: token.id }, text: `${token.prefix}… of ${workspace.name} is revoked${then}` };
  },
};
