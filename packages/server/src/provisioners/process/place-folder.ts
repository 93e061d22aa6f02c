import { basename, dirname, sep } from 'node:path';
import type { FilePlace } from '../files.js';
import { refusal } from '../guarded-files.js';
import { isSystemPath } from '../system-folders.js';
import { type Anchoring, findRealPath, type HeldFolder, holdChild, holdFolder, makeChild } from './held-folder.js';
import type { WorkspaceFolder } from './workspace-folder.js';

/** Where each place lies below the folder of a workspace (design §5): the runtime reads plugins from its configuration. */
const NAMES: Readonly<Record<FilePlace, readonly string[]>> = {
  configs: ['configs'],
  workspace: ['workspace'],
  home: ['home'],
  plugins: ['configs', 'plugins'],
};

/** Opens one place of a workspace; null when it is not there. Nothing an agent can change is trusted on the way. */
export async function holdPlace(
  folder: WorkspaceFolder,
  place: FilePlace,
  workspaceDir: string | null,
  anchoring: Anchoring,
): Promise<HeldFolder | null> {
  if (place === 'workspace' && workspaceDir !== null) return holdOwnersFolder(folder, workspaceDir, anchoring);
  const all = await holdFolder(dirname(folder.root), { anchoring, hidden: null });
  return all === null ? null : stepDown(all, [basename(folder.root), ...NAMES[place]]);
}

/** Goes down from a folder, which is closed in any case; null when a step is no folder. */
export async function stepDown(from: HeldFolder, names: readonly string[], make = false): Promise<HeldFolder | null> {
  let current = from;
  for (const name of names) {
    let next: HeldFolder | null;
    try {
      next = make ? await makeChild(current, name) : await holdChild(current, name);
    } finally {
      await current.close();
    }
    if (next === null) return null;
    current = next;
  }
  return current;
}

/**
 * The owner names this folder, so links on the way to it are followed. It may hold the data directory, or lie inside of
 * it; keys and other workspaces are not the owner's files then.
 */
async function holdOwnersFolder(
  folder: WorkspaceFolder,
  workspaceDir: string,
  anchoring: Anchoring,
): Promise<HeldFolder | null> {
  const dataDir = await findRealPath(dirname(dirname(folder.root)));
  const path = await findRealPath(workspaceDir);
  if (path === null) return null;
  // A link that leads there is no way around the rule for the name (contract lifecycle §1.8).
  if (isSystemPath(path)) throw refusal('the working folder of this workspace leads into a folder of the system');
  if (dataDir === null) return holdFolder(path, { anchoring, hidden: null });
  if (path === dataDir || path.startsWith(dataDir + sep)) {
    throw refusal('the working folder of this workspace lies in the data directory of the server');
  }
  const held = await holdFolder(dataDir, { anchoring, hidden: null });
  const hidden = (await held?.stat()) ?? null;
  await held?.close();
  return holdFolder(path, { anchoring, hidden });
}
