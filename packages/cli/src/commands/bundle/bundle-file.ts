/** Reading every file of a large tree, and creating it, takes its time. */
export const EXPORT_WAIT_MS = 120_000;
export const IMPORT_WAIT_MS = 120_000;

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'its folder is a file',
  ENOSPC: 'the disk is full',
};

/** Why a file could not be read or written; throws on whatever is not about a file. */
export function describeFileFault(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) throw error;
  const code = String(error.code);
  return FAULTS[code] ?? code;
}
