export type PostgresStartCode =
  | 'major_version_mismatch'
  | 'no_permission'
  | 'owned_by_other_server'
  | 'binaries_missing'
  | 'start_failed';

/**
 * Why the embedded Postgres cannot serve. `message` states what was attempted and why it failed; `help` is the remedy.
 * Both are complete sentences, so `${message} ${help}` is what a person should see.
 */
export class PostgresStartError extends Error {
  readonly code: PostgresStartCode;
  readonly help: string;

  constructor(code: PostgresStartCode, message: string, help: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PostgresStartError';
    this.code = code;
    this.help = help;
  }
}

/** The errno code of a failed system call (`ENOENT`), or null when `error` is something else. */
export function errorCode(error: unknown): string | null {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return null;
}

/** Turns a refused file operation on `path` into the sentence a person can act on; anything else is returned as it is. */
export function toPermissionError(error: unknown, path: string): unknown {
  const code = errorCode(error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new PostgresStartError(
      'no_permission',
      `Cannot write ${path}, which holds the database: ${code === 'EROFS' ? 'the file system is read-only' : 'permission denied'}.`,
      'Give the user that starts Molecule write access to it, or set MOLECULE_DATA_DIR to a directory it may write.',
      { cause: error },
    );
  }
  if (code === 'ENOSPC') {
    return new PostgresStartError(
      'start_failed',
      `Cannot write ${path}, which holds the database: the disk is full.`,
      'Free some space, or set MOLECULE_DATA_DIR to a directory on another disk.',
      { cause: error },
    );
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new PostgresStartError(
      'no_permission',
      `Cannot use ${path} for the database: it, or a folder above it, is a file.`,
      'Move that file away, or set MOLECULE_DATA_DIR to another directory.',
      { cause: error },
    );
  }
  return error;
}
