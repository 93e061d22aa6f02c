import { type Command, readCount } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { localTime } from '../../local-time.js';
import { table } from '../../table.js';
import { cutToWidth } from '../../width.js';

const ROWS = 100;
const ROWS_MAX = 1_000;
const TEXT_COLUMNS = 60;

export const queueLs: Command = {
  path: ['queue', 'ls'],
  args: [{ name: 'name', required: false }],
  flags: { limit: { kind: 'text', short: 'n', describe: `how many (default ${ROWS}, at most ${ROWS_MAX})` } },
  summary: 'List the messages that wait for their workspace, and why the last delivery failed',
  async run({ args, flags, client }) {
    const limit = readCount('limit', flags.limit, ROWS, ROWS_MAX);
    const connection = client();
    const [name] = args;
    const only = name === undefined ? undefined : (await findWorkspace(connection, name)).id;
    const [{ body }, { body: workspaces }] = await Promise.all([
      connection.call('listQueue', { query: { limit, ...(only === undefined ? {} : { workspace_id: only }) } }),
      connection.call('listWorkspaces', {}),
    ]);
    if (body.count === 0) return { data: body, text: 'Nothing waits.' };
    const names = new Map(workspaces.map((workspace) => [workspace.id, workspace.name]));
    const rows = body.queue.map((one) => [
      names.get(one.workspace_id) ?? one.workspace_id,
      one.caller_id === null ? 'a person' : (names.get(one.caller_id) ?? one.caller_id.slice(0, 8)),
      one.kind,
      localTime(one.enqueued_at),
      String(one.attempts),
      cutToWidth(one.last_error ?? '', TEXT_COLUMNS),
    ]);
    return { data: body, text: table(['FOR', 'FROM', 'KIND', 'SINCE', 'TRIES', 'LAST FAILURE'], rows) };
  },
};
