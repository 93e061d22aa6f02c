import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findRealPathInside } from '../../platform/inside-root.js';

export const CONFIG_FILE = 'config.yaml';

const FILES_MAX = 500;
export const FILE_BYTES_MAX = 1024 * 1024;
export const TOTAL_BYTES_MAX = 8 * 1024 * 1024;
export const DEPTH_MAX = 16;

/** One file of a template: its path inside the folder with forward slashes, and where it really lies. */
export interface FolderFile {
  readonly path: string;
  readonly realPath: string;
  readonly bytes: number;
  readonly changedMs: number;
}

/** What is wrong with a folder as a whole, and at which file. */
export interface FolderFault {
  readonly file: string;
  readonly reason: string;
}

/**
 * All regular files below `folder`, by path. A symlink is followed while it stays inside the folder; one that leads
 * out, a device, or a folder beyond the limits is a fault: whatever is listed here is copied to agents. Hidden files
 * (`.git`, `.env`, `.auth_token`) are no part of it. Throws when the folder cannot be read.
 */
export function listFolderFiles(
  folder: string,
): { readonly files: readonly FolderFile[] } | { readonly fault: FolderFault } {
  const files: FolderFile[] = [];
  let total = 0;

  function visit(directory: string, prefix: string, depth: number): FolderFault | null {
    // Links inside the folder may form a ring.
    if (depth > DEPTH_MAX) return { file: prefix, reason: `lies more than ${DEPTH_MAX} folders deep` };
    for (const name of readdirSync(directory).sort()) {
      if (name.startsWith('.')) continue;
      const path = prefix === '' ? name : `${prefix}/${name}`;
      const realPath = findRealPathInside(folder, join(directory, name));
      if (realPath === null) return { file: path, reason: 'is a link that leads outside the folder or nowhere' };
      const stats = statSync(realPath);
      if (stats.isDirectory()) {
        const fault = visit(realPath, path, depth + 1);
        if (fault) return fault;
        continue;
      }
      if (!stats.isFile()) return { file: path, reason: 'is neither a file nor a folder' };
      total += stats.size;
      if (stats.size > FILE_BYTES_MAX) return { file: path, reason: `is larger than ${FILE_BYTES_MAX} bytes` };
      if (total > TOTAL_BYTES_MAX) return { file: path, reason: `all files together exceed ${TOTAL_BYTES_MAX} bytes` };
      files.push({ path, realPath, bytes: stats.size, changedMs: stats.mtimeMs });
      if (files.length > FILES_MAX) return { file: path, reason: `is one of more than ${FILES_MAX} files` };
    }
    return null;
  }

  const fault = visit(folder, '', 0);
  return fault ? { fault } : { files };
}

/** Contents of a folder's files, in the order given. */
export async function readFolderFiles(
  files: readonly FolderFile[],
): Promise<{ readonly path: string; readonly content: Buffer }[]> {
  return Promise.all(files.map(async ({ path, realPath }) => ({ path, content: await readFile(realPath) })));
}

export type FolderContent = readonly { readonly path: string; readonly content: Buffer }[];

/** Lists and reads a folder in one go. Throws when it cannot be read. */
export async function readFolder(
  folder: string,
): Promise<{ readonly content: FolderContent } | { readonly fault: FolderFault }> {
  const listing = listFolderFiles(folder);
  return 'fault' in listing ? listing : { content: await readFolderFiles(listing.files) };
}
