import type { Command } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { FOR_FLAG, readHost, snippetOf } from './snippet.js';

/** What to paste for a workspace that is there already. */
export const wsConnection: Command = {
  path: ['ws', 'connection'],
  args: [{ name: 'name', required: true }],
  flags: {
    for: FOR_FLAG,
    'new-token': { kind: 'boolean', describe: 'replace its token and put the new one in; the old one stops working' },
  },
  summary: 'Print what to paste where the agent of an external workspace runs',
  async run({ args, flags, client, note }) {
    const host = readHost(flags.for);
    const connection = client();
    const { id, name } = await findWorkspace(connection, args[0] ?? '');
    if (flags['new-token'] === true) {
      const { body } = await connection.call('rotateExternal', { params: { id } });
      note(`The old token of ${name} has stopped working; the new one is shown this once.\n`);
      return { data: body.connection, text: snippetOf(body.connection, host) };
    }
    const { body } = await connection.call('getExternalConnection', { params: { id } });
    note('A token is shown only when it is made: put yours in, or make a new one with --new-token.\n');
    return { data: body.connection, text: snippetOf(body.connection, host) };
  },
};
