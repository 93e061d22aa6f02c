import { parseUuid, type Workspace } from '@molecule/contract';
import type { Client } from '@molecule/contract/client';
import { RefusedError } from './command.js';

/** Names are not unique: an id always works, a name when exactly one workspace has it (design §13 "org import"). */
export async function findWorkspace(client: Client, nameOrId: string): Promise<Workspace> {
  const { body } = await client.call('listWorkspaces', {});
  const id = parseUuid(nameOrId);
  const wanted = nameOrId.toLowerCase();
  const matches = body.filter(
    (workspace) => workspace.id === id || workspace.name.toLowerCase() === wanted || workspace.id.startsWith(wanted),
  );
  const exact = matches.filter((workspace) => workspace.id === id || workspace.name.toLowerCase() === wanted);
  const candidates = exact.length > 0 ? exact : matches;
  const [only] = candidates;
  if (only && candidates.length === 1) return only;
  if (candidates.length > 1) {
    const list = candidates.map((workspace) => `  ${workspace.id}  ${pathOf(body, workspace)}`).join('\n');
    throw new RefusedError(`"${nameOrId}" names ${candidates.length} workspaces`, `Use one of these ids:\n${list}`);
  }
  throw new RefusedError(`there is no workspace "${nameOrId}"`, '"molecule ws ls" lists the names and ids.');
}

/** Names from the root down to the workspace. */
export function pathOf(all: readonly Workspace[], workspace: Workspace): string {
  const names = [workspace.name];
  let parentId = workspace.parent_id;
  for (let step = 0; parentId !== null && step < 32; step += 1) {
    const parent = all.find((candidate) => candidate.id === parentId);
    if (!parent) break;
    names.unshift(parent.name);
    parentId = parent.parent_id;
  }
  return names.join(' / ');
}
