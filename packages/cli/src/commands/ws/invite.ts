import { type Command, RefusedError } from '../../command.js';
import { PROGRAM } from '../../config.js';
import { findWorkspace } from '../../find-workspace.js';
import { refuseTaken } from './seat-taken.js';
import { FOR_FLAG, readHost, snippetOf } from './snippet.js';

/** A place for an agent that runs elsewhere, and what to paste there. */
export const wsInvite: Command = {
  path: ['ws', 'invite'],
  args: [{ name: 'name', required: true }],
  flags: {
    parent: { kind: 'text', describe: 'the workspace above it' },
    for: FOR_FLAG,
  },
  summary: 'Make a workspace for an agent that runs elsewhere, and print what to paste there, token included',
  async run({ args, flags, client, note }) {
    const host = readHost(flags.for);
    const connection = client();
    const parent = typeof flags.parent === 'string' ? await findWorkspace(connection, flags.parent) : null;
    const name = args[0] ?? '';
    const next = `"${PROGRAM} ws connection ${name} --new-token" makes a new token for it; or choose another name.`;
    await refuseTaken(connection, name, parent?.id ?? null, next);
    const { body } = await connection.call('createWorkspace', {
      body: { name, external: true, ...(parent === null ? {} : { parent_id: parent.id }) },
    });
    if (!('connection' in body) || body.connection === undefined) {
      throw new RefusedError(`the server made workspace ${body.id} without saying how to connect it`);
    }
    note('The token below is shown this once. Run or paste this where the agent lives:\n');
    return { data: body, text: snippetOf(body.connection, host) };
  },
};
