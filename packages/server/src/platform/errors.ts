/**
 * The database cannot be used right now: no connection became free in time, or it was refused, cut, or is shutting
 * down. HTTP answers 503 `platform_unavailable` with `Retry-After`; background work backs off and tries again.
 *
 * A statement that was under way when its connection broke may or may not have taken effect, so a retry must be safe
 * to repeat.
 */
export class PlatformUnavailableError extends Error {
  override readonly name = 'PlatformUnavailableError';
  /** Seconds for the `Retry-After` header. */
  readonly retryAfterSeconds: number = 1;
}

/** `error` as an `Error`, whatever was thrown. */
export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`a non-error was thrown: ${String(error)}`);
}

const CONNECTION_CODES = new Set([
  // Sockets and names (libuv).
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  // Postgres: shut down by an administrator, crashed, starting up, dropped, too many clients, idle in transaction.
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '53300',
  '25P03',
]);

// node-postgres gives these no code.
const CONNECTION_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout|Cannot use a pool after calling end)/;

/** True when `error` says that the connection is unusable, as opposed to the statement being wrong. */
export function isConnectionError(error: unknown): boolean {
  if (error instanceof PlatformUnavailableError) return true;
  if (!(error instanceof Error)) return false;
  const code: unknown = 'code' in error ? error.code : undefined;
  // Class 08 of SQLSTATE is "connection exception".
  if (typeof code === 'string' && (CONNECTION_CODES.has(code) || /^08[0-9A-Z]{3}$/.test(code))) return true;
  return CONNECTION_MESSAGES.test(error.message);
}

/** True when `error` is a refusal of Postgres with one of these SQLSTATE codes. */
export function hasSqlState(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/**
 * True when Postgres gave a transaction up in favour of another one (deadlock, serialization failure). All of it is
 * undone, and a repetition goes through. Locks are taken in id order so that it does not come to this; this is the net.
 */
export function isCollision(error: unknown): boolean {
  return hasSqlState(error, '40P01', '40001');
}
