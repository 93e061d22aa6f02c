import { type Command, UsageError } from '../../command.js';
import { PROGRAM } from '../../config.js';
import { findListed } from '../../find-listed.js';

export const sessionsRevoke: Command = {
  path: ['sessions', 'revoke'],
  args: [{ name: 'id', required: false }],
  flags: { all: { kind: 'boolean', describe: 'log every browser out' } },
  summary: 'Log a browser out, or with --all every one',
  async run({ args, flags, client }) {
    const [wanted] = args;
    if ((wanted === undefined) === (flags.all !== true)) {
      throw new UsageError('name one session, or use --all for every one');
    }
    const connection = client();
    if (wanted === undefined) {
      const { body } = await connection.call('revokeOtherSessions', {});
      return { data: body, text: `${body.count} ${body.count === 1 ? 'browser is' : 'browsers are'} logged out` };
    }
    const { body: listed } = await connection.call('listSessions', {});
    const session = findListed(listed.sessions, wanted, 'session', `${PROGRAM} sessions ls`);
    const { body } = await connection.call('revokeSession', { params: { id: session.id } });
    return { data: body, text: `session ${session.id} is logged out` };
  },
};
