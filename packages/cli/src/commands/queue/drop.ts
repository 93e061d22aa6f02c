import { type Command, readCount } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';

const MINUTES = 60;
const MINUTES_MAX = 525_600;

export const queueDrop: Command = {
  path: ['queue', 'drop'],
  args: [{ name: 'name', required: false }],
  flags: {
    'older-than': { kind: 'text', describe: `minutes a message may have waited (default ${MINUTES})` },
  },
  summary: 'End messages that have waited too long; delegations among them fail with the reason dropped',
  async run({ args, flags, client }) {
    const minutes = readCount('older-than', flags['older-than'], MINUTES, MINUTES_MAX);
    const connection = client();
    const [name] = args;
    const only = name === undefined ? undefined : (await findWorkspace(connection, name)).id;
    const query = { max_age_minutes: minutes, ...(only === undefined ? {} : { workspace_id: only }) };
    const { body } = await connection.call('dropStale', { query });
    const what = body.dropped === 1 ? '1 message' : `${body.dropped} messages`;
    return { data: body, text: `${what} dropped that had waited for more than ${minutes} min.` };
  },
};
