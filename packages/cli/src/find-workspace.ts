import { parseUuid, type Workspace } from '@molecule/contract';
import type { Client } from '@molecule/contract/client';
import { RefusedError } from './command.js';
import { PROGRAM } from './config.js';

/** Shorter beginnings of an id would let "ws rm a" remove whatever happens to begin with it. */
const ID_BEGINNING_MIN = 8;
/** Deeper trees are refused by the server; the bound keeps a cycle from looping here. */
const LEVELS_MAX = 32;

/**
 * Names are not unique: an id always works, a name or a path ("Lead / Writer") when exactly one workspace has it
 * (design §13 "org import"). Throws a RefusedError that lists the candidates.
 */
export async function findWorkspace(client: Client, wanted: string): Promise<Workspace> {
  const { body } = await client.call('listWorkspaces', {});
  const candidates = candidatesFor(body, wanted);
  const [only] = candidates;
  if (only && candidates.length === 1) return only;
  if (candidates.length === 0) {
    throw new RefusedError(`there is no workspace "${wanted}"`, {
      help: `"${PROGRAM} ws ls" lists the names and ids.`,
    });
  }
  const listed = candidates.map((workspace) => ({ id: workspace.id, path: pathOf(body, workspace) }));
  throw new RefusedError(`"${wanted}" names ${candidates.length} workspaces`, {
    help: `Use one of these ids:\n${listed.map(({ id, path }) => `  ${id}  ${path}`).join('\n')}`,
    fields: { candidates: listed },
  });
}

/** The workspaces of the first reading that finds any: what is written exactly wins over what is merely similar. */
function candidatesFor(all: readonly Workspace[], wanted: string): readonly Workspace[] {
  const id = parseUuid(wanted);
  const lower = wanted.toLowerCase();
  const path = toPath(lower.split('/'));
  const readings: ((workspace: Workspace) => boolean)[] = [
    (workspace) => workspace.id === id,
    (workspace) => workspace.name === wanted,
    (workspace) => workspace.name.toLowerCase() === lower,
    (workspace) => lower.includes('/') && pathOf(all, workspace).toLowerCase() === path,
    (workspace) => lower.length >= ID_BEGINNING_MIN && workspace.id.startsWith(lower),
  ];
  for (const reading of readings) {
    const found = all.filter(reading);
    if (found.length > 0) return found;
  }
  return [];
}

/** Names from the root down to the workspace. */
function pathOf(all: readonly Workspace[], workspace: Workspace): string {
  const names = [workspace.name];
  let parentId = workspace.parent_id;
  for (let level = 0; parentId !== null && level < LEVELS_MAX; level += 1) {
    const parent = all.find((candidate) => candidate.id === parentId);
    if (!parent) break;
    names.unshift(parent.name);
    parentId = parent.parent_id;
  }
  return toPath(names);
}

function toPath(names: readonly string[]): string {
  return names.map((name) => name.trim()).join(' / ');
}
