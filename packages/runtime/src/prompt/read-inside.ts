import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';

export type InsideFile =
  | { readonly kind: 'text'; readonly text: string; readonly bytes: number; readonly isCut: boolean }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Reads at most `bytesMax` bytes of a file below `root`. Refuses what leads out of it, by `..` or by a symbolic link,
 * and what is no regular file: configs are written by templates and agents, and the prompt goes to a third party.
 * Throws nothing for a bad path; other failures of the disk are `refused` with the system's reason.
 */
export async function readInside(root: string, path: string, bytesMax: number): Promise<InsideFile> {
  const resolved = await resolveInside(root, path);
  if (resolved.kind !== 'path') return resolved;
  try {
    // The path has no links left; one put there since must not be followed. NONBLOCK: opening a pipe must not hang.
    const file = await open(resolved.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return { kind: 'refused', reason: 'it is not a regular file' };
      const buffer = Buffer.alloc(Math.min(stat.size, bytesMax));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      // `stream` leaves out a character that the bound cut in two.
      const text = new TextDecoder().decode(buffer.subarray(0, bytesRead), { stream: true });
      return { kind: 'text', text: text.trim(), bytes: stat.size, isCut: stat.size > bytesMax };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { kind: 'refused', reason: codeOf(error) };
  }
}

/** Names in a folder below `root`, sorted so that a prompt is the same on every machine; empty when there is none. */
export async function listInside(root: string, path: string): Promise<readonly string[]> {
  const resolved = await resolveInside(root, path);
  if (resolved.kind !== 'path') return [];
  try {
    return (await readdir(resolved.path)).filter((name) => !name.startsWith('.')).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

type Resolved = { readonly kind: 'path'; readonly path: string } | Exclude<InsideFile, { kind: 'text' }>;

async function resolveInside(root: string, path: string): Promise<Resolved> {
  const outside: Resolved = { kind: 'refused', reason: 'it leads out of the configs folder' };
  if (isAbsolute(path) || path.includes('\0') || !isBelow(root, join(root, path))) return outside;
  try {
    const real = await realpath(join(root, path));
    return isBelow(await realpath(root), real) ? { kind: 'path', path: real } : outside;
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'missing' } : { kind: 'refused', reason: code };
  }
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}
