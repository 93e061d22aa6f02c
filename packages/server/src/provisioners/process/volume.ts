import { constants } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, isPlainFile, isRealFolder, openPlain } from './folder-files.js';
import { toWorkspaceFolder } from './workspace-folder.js';

/** What the process driver keeps of the configuration of workspaces, read without an instance. Links are never followed. */
export interface Volumes {
  /** All plain files but hidden ones, by path; null while there is no complete configuration. */
  list(workspaceId: string): Promise<readonly { readonly path: string; readonly size: number }[] | null>;
  /** Null when there is no such plain file, or it is larger than `bytesMax`. */
  read(workspaceId: string, path: string, bytesMax: number): Promise<Buffer | null>;
}

const FILES_MAX = 5_000;
const DEPTH_MAX = 16;

export function createVolumes(workspacesDir: string): Volumes {
  return {
    async list(workspaceId) {
      const folder = toWorkspaceFolder(workspacesDir, workspaceId);
      if (folder === null || !(await isRealFolder(folder.configs))) return null;
      if (!(await isPlainFile(join(folder.configs, 'config.yaml')))) return null;
      const files: { path: string; size: number }[] = [];
      await collect(folder.configs, '', 1, files);
      return files.sort((a, b) => (a.path < b.path ? -1 : 1));
    },
    async read(workspaceId, path, bytesMax) {
      const folder = toWorkspaceFolder(workspacesDir, workspaceId);
      const names = path.split('/');
      if (folder === null || names.some((name) => name === '' || name.startsWith('.'))) return null;
      // Component by component: an agent may have put a link anywhere.
      for (let depth = 0; depth < names.length; depth += 1) {
        if (!(await isRealFolder(join(folder.configs, ...names.slice(0, depth))))) return null;
      }
      const file = await openPlain(join(folder.configs, ...names), constants.O_RDONLY);
      if (file === null) return null;
      try {
        const { size } = await file.stat();
        if (size > bytesMax) return null;
        const { bytesRead, buffer } = await file.read(Buffer.alloc(size), 0, size, 0);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
}

async function collect(
  folder: string,
  prefix: string,
  depth: number,
  into: { path: string; size: number }[],
): Promise<void> {
  if (depth > DEPTH_MAX) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (into.length >= FILES_MAX) return;
    if (entry.name.startsWith('.')) continue;
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) await collect(join(folder, entry.name), `${path}/`, depth + 1, into);
    else if (entry.isFile()) {
      const size = await findSize(join(folder, entry.name));
      if (size !== null) into.push({ path, size });
    }
  }
}

/** Null for what is gone or became something else since it was listed. */
async function findSize(path: string): Promise<number | null> {
  try {
    const file = await openPlain(path, constants.O_RDONLY);
    if (file === null) return null;
    try {
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'EACCES')) return null;
    throw error;
  }
}
