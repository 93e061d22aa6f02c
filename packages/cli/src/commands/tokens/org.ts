import type { Command } from '../../command.js';
import { PROGRAM } from '../../config.js';
import { findListed } from '../../find-listed.js';
import { findWorkspace } from '../../find-workspace.js';
import { localTime } from '../../local-time.js';
import { table } from '../../table.js';

export const orgTokensLs: Command = {
  path: ['tokens', 'org', 'ls'],
  args: [],
  flags: {},
  summary: 'List the live org tokens, which may everything an administrator may',
  async run({ client }) {
    const { body } = await client().call('listOrgTokens', {});
    if (body.tokens.length === 0) return { data: body, text: 'There is no org token.' };
    const rows = body.tokens.map((token) => [
      token.prefix,
      token.name ?? '',
      token.created_by ?? '',
      localTime(token.created_at),
      token.last_used_at === undefined ? 'never' : localTime(token.last_used_at),
      token.org_id ?? '',
      token.id,
    ]);
    return { data: body, text: table(['TOKEN', 'NAME', 'MADE BY', 'CREATED', 'LAST USED', 'ORG', 'ID'], rows) };
  },
};

export const orgTokensCreate: Command = {
  path: ['tokens', 'org', 'create'],
  args: [{ name: 'name', required: false, text: true }],
  flags: { org: { kind: 'text', describe: 'the root workspace it belongs to' } },
  summary: 'Make an org token and print it, this once',
  async run({ args, flags, client, note }) {
    const connection = client();
    const root = typeof flags.org === 'string' ? await findWorkspace(connection, flags.org) : null;
    const { body } = await connection.call('createOrgToken', {
      body: { ...(args[0] === undefined ? {} : { name: args[0] }), ...(root === null ? {} : { org_id: root.id }) },
    });
    note(body.warning);
    return { data: body, text: body.auth_token };
  },
};

export const orgTokensRevoke: Command = {
  path: ['tokens', 'org', 'revoke'],
  args: [{ name: 'token', required: true }],
  flags: {},
  summary: 'Revoke an org token, named by its first characters or its id',
  async run({ args, client }) {
    const connection = client();
    const { body: listed } = await connection.call('listOrgTokens', {});
    const token = findListed(listed.tokens, args[0] ?? '', 'org token', `${PROGRAM} tokens org ls`);
    const { body } = await connection.call('revokeOrgToken', { params: { id: token.id } });
    return { data: body, text: `${token.prefix}…${token.name ? ` (${token.name})` : ''} is revoked` };
  },
};
