import { type FileAccess, type FilePlace, isTooLarge, isUsablePath } from './files.js';
import { DriverError } from './provisioner.js';

/**
 * What must be equal for the files of all drivers: paths are judged again right before they are used, sizes are bounded,
 * and every failure is a DriverError that says in words what is wrong with the disk.
 */
export function guardFiles(files: FileAccess): FileAccess {
  return {
    list: (target, folder, depth) =>
      guard('list files', async () => {
        if (folder !== null) requireUsable(target.place, folder);
        return files.list(target, folder, depth);
      }),
    read: (target, path) =>
      guard(`read ${path}`, async () => {
        requireUsable(target.place, path);
        return files.read(target, path);
      }),
    write: (workspaceId, request) =>
      guard('write files', async () => {
        for (const { path, content } of request.files) {
          requireUsable('configs', path);
          if (isTooLarge(content.length)) throw refusal(`${path} is too large`);
        }
        return files.write(workspaceId, request);
      }),
    remove: (workspaceId, request) =>
      guard(`delete ${request.path}`, async () => {
        requireUsable('configs', request.path);
        return files.remove(workspaceId, request);
      }),
  };
}

/** A change that cannot be made until a person changes something; the message is the reason alone. */
export function refusal(reason: string, cause?: unknown): DriverError {
  return new DriverError('rejected', reason, { retryable: false, ...(cause === undefined ? {} : { cause }) });
}

function requireUsable(place: FilePlace, path: string): void {
  if (!isUsablePath(place, path)) throw refusal(`${JSON.stringify(path)} is not a path that can be used here`);
}

/** In words, because "ENOSPC" says nothing to the person at the other end. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk of the server is full',
  EDQUOT: 'the disk quota of the server is used up',
  EFBIG: 'the file is larger than the server may write',
  EROFS: 'the disk of the server is read-only',
  EACCES: 'the server may not write there (permission denied)',
  EPERM: 'the server may not write there (permission denied)',
  ENOTDIR: 'a file or link stands where a folder is needed',
  ELOOP: 'a link stands in the way, and links are not followed',
  EISDIR: 'a folder of that name is there',
  ENOTEMPTY: 'something is being written there at this moment',
  EEXIST: 'something of that name is there',
  ENAMETOOLONG: 'the name is too long for the disk of the server',
  EMFILE: 'the server has too many files open',
  ENFILE: 'the machine has too many files open',
};
const PASSING: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOTEMPTY']);

async function guard<T>(attempted: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw toFileError(attempted, error);
  }
}

/** The same failure, told of one file among several. */
export function inFile(path: string, error: unknown): unknown {
  const known = toFileError(`write ${path}`, error);
  if (!(known instanceof DriverError)) return error;
  const { kind, message, retryable } = known;
  return new DriverError(kind, `${path}: ${message}`, { retryable, cause: error });
}

function toFileError(attempted: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (error instanceof DriverError || code === null) return error;
  const reason = REASONS[code];
  if (reason === undefined) {
    return new DriverError('unavailable', `cannot ${attempted} (${code})`, { retryable: true, cause: error });
  }
  return new DriverError('rejected', reason, { retryable: PASSING.has(code), cause: error });
}
