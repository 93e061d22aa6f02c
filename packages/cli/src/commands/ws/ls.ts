import type { Workspace } from '@molecule/contract';
import type { Command } from '../../command.js';
import { PROGRAM } from '../../config.js';
import { table } from '../../table.js';
import { cutToWidth } from '../../width.js';

const NOW_COLUMNS = 60;

/** The tree of workspaces, children indented below their parent. */
export const wsLs: Command = {
  path: ['ws', 'ls'],
  args: [],
  flags: {},
  summary: 'List the workspaces as a tree',
  async run({ client }) {
    const { body } = await client().call('listWorkspaces', {});
    if (body.length === 0) {
      return { data: body, text: `No workspaces yet. Bring a team online: ${PROGRAM} org import starter` };
    }
    const rows = inTreeOrder(body).map(({ workspace, depth }) => [
      `${'  '.repeat(depth)}${workspace.name}`,
      workspace.status + (workspace.demo ? ' (demo)' : ''),
      workspace.runtime,
      cutToWidth(workspace.current_task || workspace.start_progress || reasonOf(workspace), NOW_COLUMNS),
      workspace.id,
    ]);
    return { data: body, text: table(['NAME', 'STATUS', 'RUNTIME', 'NOW', 'ID'], rows) };
  },
};

function reasonOf(workspace: Workspace): string {
  const [line = ''] = workspace.status === 'online' ? [] : workspace.last_sample_error.split('\n');
  return line;
}

/** Children follow their parent, in the order of the server. Whoever has no visible parent stands at the top. */
function inTreeOrder(all: readonly Workspace[]): { workspace: Workspace; depth: number }[] {
  const known = new Set(all.map((workspace) => workspace.id));
  const children = new Map<string | null, Workspace[]>();
  for (const workspace of all) {
    const parent = workspace.parent_id !== null && known.has(workspace.parent_id) ? workspace.parent_id : null;
    children.set(parent, [...(children.get(parent) ?? []), workspace]);
  }
  const under = (parentId: string | null, depth: number): { workspace: Workspace; depth: number }[] =>
    (children.get(parentId) ?? []).flatMap((workspace) => [{ workspace, depth }, ...under(workspace.id, depth + 1)]);
  return under(null, 0);
}
