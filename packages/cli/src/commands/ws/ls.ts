import type { Workspace } from '@molecule/contract';
import type { Command } from '../../command.js';
import { table } from '../../table.js';

/** The tree of workspaces, children indented below their parent. */
export const wsLs: Command = {
  path: ['ws', 'ls'],
  args: [],
  flags: {},
  summary: 'List the workspaces as a tree',
  async run({ client }) {
    const { body } = await (await client()).call('listWorkspaces', {});
    if (body.length === 0) {
      return { data: body, text: 'No workspaces yet. Bring a team online: molecule org import starter' };
    }
    const rows = inTreeOrder(body).map(({ workspace, depth }) => [
      `${'  '.repeat(depth)}${workspace.name}`,
      workspace.status + (workspace.demo ? ' (demo)' : ''),
      workspace.runtime,
      workspace.current_task || reasonOf(workspace),
      workspace.id,
    ]);
    return { data: body, text: table(['NAME', 'STATUS', 'RUNTIME', 'NOW', 'ID'], rows) };
  },
};

function reasonOf(workspace: Workspace): string {
  const [line = ''] = workspace.status === 'online' ? [] : workspace.last_sample_error.split('\n');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function inTreeOrder(all: readonly Workspace[]): { workspace: Workspace; depth: number }[] {
  const known = new Set(all.map((workspace) => workspace.id));
  const ordered: { workspace: Workspace; depth: number }[] = [];
  const visit = (parentId: string | null, depth: number): void => {
    for (const workspace of all) {
      // A child of a removed parent still shows, at the top.
      const parent = workspace.parent_id !== null && known.has(workspace.parent_id) ? workspace.parent_id : null;
      if (parent !== parentId || depth > 32) continue;
      ordered.push({ workspace, depth });
      visit(workspace.id, depth + 1);
    }
  };
  visit(null, 0);
  return ordered;
}
