import { constants, type Stats } from 'node:fs';
import { chmod, type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DriverError } from '../provisioner.js';

/**
 * File access inside folders that agents can write to. An agent may have put a link anywhere, so nothing here follows
 * one: folders are checked component by component, files are opened with O_NOFOLLOW or replaced by rename.
 */

/** Makes sure `path` is a real folder; answers whether it was made. Its parent must exist and be trusted. */
export async function ensureFolder(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    if (!(await isRealFolder(path))) throw notAFolder(path);
    return false;
  }
}

/** Writes a file under `root` atomically, making folders on the way. An existing file or link of that name is replaced. */
export async function writeFileInside(root: string, relative: string, content: Buffer | string, mode: number) {
  const segments = toSegments(relative);
  const name = segments.pop();
  if (name === undefined) throw outside(relative);
  let folder = root;
  for (const segment of segments) {
    folder = join(folder, segment);
    await ensureFolder(folder, 0o755);
  }
  const temporary = join(folder, `.${name}.writing`);
  await rm(temporary, { force: true, recursive: true });
  const file = await open(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    mode,
  );
  try {
    await file.writeFile(content);
    await file.chmod(mode);
  } finally {
    await file.close();
  }
  await rename(temporary, join(folder, name));
}

/** The first `bytesMax` bytes of a plain file; null when there is none, or a link or something else in its place. */
export async function findFile(path: string, bytesMax: number): Promise<Buffer | null> {
  const file = await openPlain(path, constants.O_RDONLY);
  if (file === null) return null;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(bytesMax), 0, bytesMax, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Opens a plain file without following a link and without waiting on a pipe; null when it is not one. */
export async function openPlain(path: string, flags: number): Promise<FileHandle | null> {
  let file: FileHandle;
  try {
    file = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ELOOP') || hasCode(error, 'ENXIO') || hasCode(error, 'ENOTDIR')) {
      return null;
    }
    throw error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return null;
}

/** Deletes a folder with all it holds, not following links. Nothing there is success. */
export async function deleteFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!hasCode(error, 'EACCES') && !hasCode(error, 'EPERM')) throw error;
    // Package caches are read-only by design (Go modules), and nothing can be deleted from a read-only folder.
    await makeFoldersWritable(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** Exported for its test: root, as which tests may run, needs no permission to delete. */
export async function makeFoldersWritable(path: string): Promise<void> {
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeFoldersWritable(join(path, entry.name));
  }
}

export async function isPlainFile(path: string): Promise<boolean> {
  return (await findStats(path))?.isFile() ?? false;
}

export async function isRealFolder(path: string): Promise<boolean> {
  return (await findStats(path))?.isDirectory() ?? false;
}

export async function findStats(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return null;
    throw error;
  }
}

/** The components of a relative path; throws DriverError for one that climbs or is absolute. */
export function toSegments(relative: string): string[] {
  const segments = relative.split('/');
  const isSafe = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  if (!isSafe || relative.includes('\0') || relative.includes('\\')) throw outside(relative);
  return segments;
}

function outside(relative: string): DriverError {
  return new DriverError(
    'rejected',
    `Cannot write the configuration file ${JSON.stringify(relative)}: it must be a relative path inside the folder.`,
    { retryable: false },
  );
}

function notAFolder(path: string): DriverError {
  return new DriverError(
    'rejected',
    `Cannot use ${path}: a folder is needed there, but it is a link or a file. Remove it and start the workspace again.`,
    { retryable: false },
  );
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
