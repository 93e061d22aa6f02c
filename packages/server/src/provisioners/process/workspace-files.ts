import { constants } from 'node:fs';
import { mkdir, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  CONFIG_FILE,
  ENTRIES_MAX,
  etagOf,
  type FileAccess,
  type FilePlace,
  type FileStat,
  type FileTarget,
  isReserved,
  isTooLarge,
  TEMPORARY_NAME,
  UNLISTED,
} from '../files.js';
import { inFile, refusal } from '../guarded-files.js';
import type { ConfigFile } from '../provisioner.js';
import { isRealFolder, writeFileInside } from './folder-files.js';
import {
  type Anchoring,
  type HeldFolder,
  holdChild,
  OWN_ANCHORING,
  openFile,
  removeEntry,
  statEntry,
} from './held-folder.js';
import { holdPlace, stepDown } from './place-folder.js';
import { toWorkspaceFolder, type WorkspaceFolder } from './workspace-folder.js';

export interface WorkspaceFiles extends FileAccess {
  /**
   * One at a time per workspace: changes through the API, the first laying of the configuration and its deletion. Without
   * this a start could take a folder for empty while its owner's first file is being written, and write over it.
   */
  exclusively<T>(workspaceId: string, body: () => Promise<T>): Promise<T>;
}

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** The files of workspaces in the data directory, reached through held folders so that no link is ever followed. */
export function createWorkspaceFiles(options: {
  readonly workspacesDir: string;
  readonly anchoring?: Anchoring;
}): WorkspaceFiles {
  const { workspacesDir, anchoring = OWN_ANCHORING } = options;
  const exclusively = createTurns();

  /** Runs `body` on the folder that holds the file, or answers null when there is no such folder. */
  async function within<T>(
    target: FileTarget,
    path: string,
    body: (folder: HeldFolder, name: string) => Promise<T>,
    make = false,
  ): Promise<T | null> {
    const root = await holdRoot(target);
    const names = path.split('/');
    const name = names.pop() ?? '';
    const folder = root === null ? null : await stepDown(root, names, make);
    if (folder === null) return null;
    try {
      return await body(folder, name);
    } finally {
      await folder.close();
    }
  }

  async function holdRoot({ workspaceId, place, workspaceDir }: FileTarget): Promise<HeldFolder | null> {
    const folder = toWorkspaceFolder(workspacesDir, workspaceId);
    return folder === null ? null : holdPlace(folder, place, workspaceDir, anchoring);
  }

  /** Nothing is kept before the configuration has been laid. */
  async function isAbsent(workspaceId: string): Promise<boolean> {
    const folder = toWorkspaceFolder(workspacesDir, workspaceId);
    return folder === null || !(await isRealFolder(folder.root)) || !(await isRealFolder(folder.configs));
  }

  const configsOf = (workspaceId: string): FileTarget => ({ workspaceId, place: 'configs', workspaceDir: null });

  const etagAt = (workspaceId: string, path: string): Promise<string | null> =>
    within(configsOf(workspaceId), path, currentEtag);

  function requireFolder(workspaceId: string): WorkspaceFolder {
    return toWorkspaceFolder(workspacesDir, workspaceId) ?? refuseId();
  }

  async function put(workspaceId: string, path: string, content: Buffer): Promise<string> {
    await within(configsOf(workspaceId), path, (folder, name) => replaceFile(folder, name, content), true);
    return etagOf(content);
  }

  return {
    exclusively,

    async list(target, path, depth) {
      const root = await holdRoot(target);
      if (root === null) return { kind: (await isAbsent(target.workspaceId)) ? 'absent' : 'not_found' };
      const folder = await stepDown(root, path === null ? [] : path.split('/'));
      if (folder === null) return { kind: 'not_found' };
      try {
        const found: FileStat[] = [];
        const isWhole = await collect(folder, { place: target.place, base: path ?? '', prefix: '', depth }, found);
        found.sort((a, b) => (a.path < b.path ? -1 : 1));
        return { kind: 'found', entries: found, isCut: !isWhole };
      } finally {
        await folder.close();
      }
    },

    async read(target, path) {
      const reading = await within(target, path, readHeld);
      if (reading !== null) return reading;
      return { kind: (await isAbsent(target.workspaceId)) ? 'absent' : 'not_found' };
    },

    write: (workspaceId, request) =>
      exclusively(workspaceId, async () => {
        const { files } = request;
        const laidInitial = await isAbsent(workspaceId);
        if (laidInitial) {
          const initial = await request.initial();
          if (!files.every(({ path }) => request.allows(etagIn(initial, path)))) return { kind: 'changed' };
          await layInitial(requireFolder(workspaceId), initial);
        } else {
          for (const { path } of files) {
            if (!request.allows(await etagAt(workspaceId, path))) return { kind: 'changed' };
          }
        }
        const etags: string[] = [];
        for (const { path, content } of files) {
          try {
            etags.push(await put(workspaceId, path, content));
          } catch (error) {
            throw files.length === 1 ? error : inFile(path, error);
          }
        }
        if (request.completesConfig && (await etagAt(workspaceId, CONFIG_FILE)) === null) {
          const config = (await request.initial()).find(({ path }) => path === CONFIG_FILE);
          if (config !== undefined) await put(workspaceId, CONFIG_FILE, config.content);
        }
        return { kind: 'written', etags, laidInitial, source: 'volume' };
      }),

    remove: (workspaceId, request) =>
      exclusively(workspaceId, async () => {
        const { path } = request;
        const laidInitial = await isAbsent(workspaceId);
        if (laidInitial) {
          const initial = await request.initial();
          const exists = initial.some((file) => file.path === path || file.path.startsWith(`${path}/`));
          if (!exists) return { kind: 'not_found' };
          if (!request.allows(etagIn(initial, path))) return { kind: 'changed' };
          await layInitial(requireFolder(workspaceId), initial);
        }
        const removed = await within(configsOf(workspaceId), path, async (folder, name) => {
          if ((await statEntry(folder, name)) === null) return 'not_found';
          if (!request.allows(await currentEtag(folder, name))) return 'changed';
          await removeEntry(folder, name);
          return 'removed';
        });
        return removed === 'removed' ? { kind: removed, laidInitial } : { kind: removed ?? 'not_found' };
      }),
  };
}

/** As a whole or not at all: laid beside its place and moved there, so that a half-laid folder is never taken for one. */
async function layInitial(folder: WorkspaceFolder, files: readonly ConfigFile[]): Promise<void> {
  await mkdir(dirname(folder.root), { recursive: true, mode: 0o700 });
  await mkdir(folder.root, { recursive: true, mode: 0o700 });
  const staging = join(folder.root, '.configs.laying');
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: 0o700 });
  for (const file of files) await writeFileInside(staging, file.path, file.content, file.mode ?? 0o644);
  await rename(staging, folder.configs);
}

async function replaceFile(folder: HeldFolder, name: string, content: Buffer): Promise<void> {
  const existing = await statEntry(folder, name);
  if (existing?.isDirectory()) throw refusal('a folder of that name is there');
  await removeEntry(folder, TEMPORARY_NAME);
  const file = await open(await folder.at(TEMPORARY_NAME), CREATE, 0o600);
  try {
    try {
      await file.writeFile(content);
      // A program stays one: an edit must not take its permission to run away.
      await file.chmod(0o644 | (existing?.isFile() ? existing.mode & 0o111 : 0));
      // Or a power cut could leave an empty file where a good one was.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(await folder.at(TEMPORARY_NAME), await folder.at(name));
  } catch (error) {
    // What is left of it on a full disk is in the way of everything else.
    await unlink(await folder.at(TEMPORARY_NAME)).catch(() => {});
    throw error;
  }
}

async function readHeld(folder: HeldFolder, name: string) {
  const file = await openFile(folder, name);
  if (file === null) return { kind: 'not_found' as const };
  try {
    const { size } = await file.stat();
    if (isTooLarge(size)) return { kind: 'too_large' as const };
    // It may grow while it is read; one more byte than it has tells.
    const content = await readBytes(file, size + 1);
    if (isTooLarge(content.length)) return { kind: 'too_large' as const };
    return { kind: 'found' as const, content, etag: etagOf(content) };
  } finally {
    await file.close();
  }
}

async function readBytes(file: Awaited<ReturnType<typeof open>>, bytesMax: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytesMax);
  let length = 0;
  while (length < bytesMax) {
    const { bytesRead } = await file.read(buffer, length, bytesMax - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** Null when nothing is there. What cannot be read through the API has a version nobody can know. */
async function currentEtag(folder: HeldFolder, name: string): Promise<string | null> {
  const reading = await readHeld(folder, name);
  if (reading.kind === 'found') return reading.etag;
  return (await statEntry(folder, name)) === null ? null : 'unreadable';
}

interface Level {
  readonly place: FilePlace;
  /** Path of the listed folder below its place. */
  readonly base: string;
  /** Path of this level below the listed folder. */
  readonly prefix: string;
  readonly depth: number;
}

/** False when there was more than fits. */
async function collect(folder: HeldFolder, level: Level, found: FileStat[]): Promise<boolean> {
  for await (const { name } of folder.entries()) {
    const path = level.prefix === '' ? name : `${level.prefix}/${name}`;
    if (UNLISTED.has(name) || isReserved(level.place, level.base === '' ? path : `${level.base}/${path}`)) continue;
    const stats = await statEntry(folder, name);
    // Pipes and devices are no files; what vanished meanwhile is none any more.
    if (stats === null || !(stats.isFile() || stats.isDirectory() || stats.isSymbolicLink())) continue;
    if (found.length >= ENTRIES_MAX) return false;
    const kind = stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'link';
    found.push({ path, kind, size: kind === 'file' ? stats.size : 0, modifiedMs: Math.trunc(stats.mtimeMs) });
    if (kind !== 'folder' || level.depth <= 1) continue;
    const child = await holdChild(folder, name);
    if (child === null) continue;
    try {
      const isWhole = await collect(child, { ...level, prefix: path, depth: level.depth - 1 }, found);
      if (!isWhole) return false;
    } finally {
      await child.close();
    }
  }
  return true;
}

function etagIn(files: readonly ConfigFile[], path: string): string | null {
  const file = files.find((candidate) => candidate.path === path);
  return file === undefined ? null : etagOf(file.content);
}

function refuseId(): never {
  throw refusal('its id cannot name a folder');
}

/** A queue per workspace that exists only while somebody is in it. */
function createTurns() {
  const tails = new Map<string, Promise<void>>();
  return async <T>(workspaceId: string, body: () => Promise<T>): Promise<T> => {
    const before = tails.get(workspaceId) ?? Promise.resolve();
    let leave = () => {};
    const done = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const tail = before.then(() => done);
    tails.set(workspaceId, tail);
    await before;
    try {
      return await body();
    } finally {
      leave();
      if (tails.get(workspaceId) === tail) tails.delete(workspaceId);
    }
  };
}
