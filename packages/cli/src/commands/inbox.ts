import { textOfReply } from '@molecule/contract/a2a';
import { type Command, readCount } from '../command.js';
import { findWorkspace } from '../find-workspace.js';
import { localTime } from '../local-time.js';
import { table } from '../table.js';
import { cutToWidth } from '../width.js';

const ROWS = 20;
const ROWS_MAX = 500;
const TEXT_COLUMNS = 90;

/** What a workspace was sent: by people, by other agents, and as results of what it delegated. */
export const inbox: Command = {
  path: ['inbox'],
  args: [{ name: 'name', required: true }],
  flags: { limit: { kind: 'text', short: 'n', describe: `how many (default ${ROWS}, at most ${ROWS_MAX})` } },
  summary: 'Print what a workspace was sent last, the newest at the end',
  async run({ args, flags, client }) {
    const limit = readCount('limit', flags.limit, ROWS, ROWS_MAX);
    const connection = client();
    const { id, name } = await findWorkspace(connection, args[0] ?? '');
    const [{ body }, { body: workspaces }] = await Promise.all([
      connection.call('listActivity', { params: { id }, query: { type: 'a2a_receive', limit } }),
      connection.call('listWorkspaces', {}),
    ]);
    if (body.length === 0) return { data: body, text: `${name} was sent nothing yet.` };
    const names = new Map(workspaces.map((workspace) => [workspace.id, workspace.name]));
    const rows = body
      .toReversed()
      .map((row) => [
        localTime(row.created_at),
        row.source_id === null ? 'a person' : (names.get(row.source_id) ?? row.source_id.slice(0, 8)),
        row.method === 'delegate_result' ? 'result' : 'message',
        cutToWidth(textOfMessage(row.request_body) || (row.summary ?? ''), TEXT_COLUMNS),
      ]);
    return { data: body, text: table(['WHEN', 'FROM', 'WHAT', 'TEXT'], rows) };
  },
};

/** A sent message has the parts that an answer has, one level deeper. */
function textOfMessage(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('params' in body)) return '';
  const { params } = body;
  if (typeof params !== 'object' || params === null || !('message' in params)) return '';
  return textOfReply({ result: params.message });
}
