import { constants, type Dirent, type Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, opendir, realpath, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { refusal } from '../guarded-files.js';
import { hasCode } from './folder-files.js';

/**
 * A folder held open, so that what is reached through it stays inside of it although an agent may swap any part of its
 * path for a link at any moment.
 *
 * Node has no `openat`. On Linux the same is had by way of `/proc/self/fd/<n>/<name>`, which the kernel resolves from the
 * open folder itself. Elsewhere paths are used, and checked right before each use: there an agent that wins a race of
 * microseconds can still lead one step elsewhere. Hard links cannot be told from files on any system; an agent runs as the
 * server's user and can make them only of what it may read itself.
 */
export interface HeldFolder {
  /** A path to an entry of this folder. Its last part is not resolved: use it with calls that do not follow links. */
  at(name: string): Promise<string>;
  /** Entries as they come; stop reading at any time. */
  entries(): AsyncIterable<Dirent>;
  stat(): Promise<Stats>;
  close(): Promise<void>;
  readonly footing: Footing;
}

/** What holds for a folder and everything reached through it. */
export interface Footing {
  readonly anchoring: Anchoring;
  /** A folder that does not exist for whoever comes this way, wherever it lies. */
  readonly hidden: Pick<Stats, 'dev' | 'ino'> | null;
}

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const TREE_DEPTH_MAX = 64;

/** How paths into held folders are made; tests choose the one that their own system does not use. */
export type Anchoring = 'descriptor' | 'path';
export const OWN_ANCHORING: Anchoring = process.platform === 'linux' ? 'descriptor' : 'path';

/** Opens a folder whose path leads through nothing that an agent could change. Null when it is no folder. */
export async function holdFolder(path: string, footing: Footing): Promise<HeldFolder | null> {
  return hold(await findRealPath(path), footing);
}

/** Opens a folder inside another. Null when there is none; a link is none. */
export async function holdChild(parent: HeldFolder, name: string): Promise<HeldFolder | null> {
  return hold(await parent.at(name), parent.footing);
}

/** As `holdChild`, after making the folder where there is none. Rejects when something else has that name. */
export async function makeChild(parent: HeldFolder, name: string): Promise<HeldFolder> {
  try {
    await mkdir(await parent.at(name), { mode: 0o755 });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  const child = await holdChild(parent, name);
  if (child === null) throw refusal(`${name} is a file or a link, and a folder is needed there`);
  return child;
}

/** Opens a plain file of a folder without following a link or waiting on a pipe; null when it is not one. */
export async function openFile(folder: HeldFolder, name: string): Promise<FileHandle | null> {
  let file: FileHandle;
  try {
    file = await open(
      await folder.at(name),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } catch (error) {
    if (isNothing(error) || hasCode(error, 'ENXIO')) return null;
    throw error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return null;
}

/** What an entry is, links included; null when there is none. */
export async function statEntry(folder: HeldFolder, name: string): Promise<Stats | null> {
  try {
    return await lstat(await folder.at(name));
  } catch (error) {
    if (isNothing(error)) return null;
    throw error;
  }
}

/** Deletes a file, a link itself, or a folder with all it holds. Nothing there is success. */
export async function removeEntry(folder: HeldFolder, name: string, depth = 0): Promise<void> {
  const stats = await statEntry(folder, name);
  if (stats === null) return;
  if (!stats.isDirectory()) {
    await unlink(await folder.at(name));
    return;
  }
  if (depth >= TREE_DEPTH_MAX) throw refusal(`the folder is nested deeper than ${TREE_DEPTH_MAX} levels`);
  const child = await holdChild(folder, name);
  // Swapped for something else meanwhile: not what was asked to be deleted.
  if (child === null) throw refusal('it was replaced while it was being deleted');
  try {
    for await (const entry of child.entries()) await removeEntry(child, entry.name, depth + 1);
  } finally {
    await child.close();
  }
  await rmdir(await folder.at(name));
}

async function hold(path: string | null, footing: Footing): Promise<HeldFolder | null> {
  if (path === null) return null;
  const { anchoring, hidden } = footing;
  let handle: FileHandle;
  try {
    handle = await open(path, OPEN_FOLDER);
  } catch (error) {
    if (isNothing(error)) return null;
    throw error;
  }
  const own = anchoring === 'descriptor' ? `/proc/self/fd/${handle.fd}` : path;
  const held = await handle.stat();
  if (hidden !== null && held.ino === hidden.ino && held.dev === hidden.dev) {
    await handle.close();
    return null;
  }

  async function checkPath(): Promise<void> {
    if (anchoring === 'descriptor') return;
    const now = (await findRealPath(own)) === own ? await lstat(own) : null;
    if (now?.ino !== held.ino || now.dev !== held.dev) throw refusal('the folder was replaced while it was being used');
  }

  return {
    async at(name) {
      await checkPath();
      return join(own, name);
    },
    async *entries() {
      await checkPath();
      // Closed by the iteration, however it ends.
      yield* await opendir(own);
    },
    stat: () => handle.stat(),
    close: () => handle.close(),
    footing,
  };
}

/** Where a path really leads; null when it leads nowhere. */
export async function findRealPath(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isNothing(error)) return null;
    throw error;
  }
}

function isNothing(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR') || hasCode(error, 'ELOOP');
}
