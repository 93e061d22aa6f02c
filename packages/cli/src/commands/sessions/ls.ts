import type { Command } from '../../command.js';
import { localTime } from '../../local-time.js';
import { table } from '../../table.js';

export const sessionsLs: Command = {
  path: ['sessions', 'ls'],
  args: [],
  flags: {},
  summary: 'List the browsers that are logged in',
  async run({ client }) {
    const { body } = await client().call('listSessions', {});
    if (body.sessions.length === 0) return { data: body, text: 'Nobody is logged in.' };
    const rows = body.sessions.map((session) => [
      session.id,
      localTime(session.created_at),
      localTime(session.last_seen_at),
      localTime(session.expires_at),
      session.address ?? '',
      session.user_agent ?? '',
    ]);
    return { data: body, text: table(['ID', 'SINCE', 'LAST SEEN', 'ENDS', 'ADDRESS', 'BROWSER'], rows) };
  },
};
