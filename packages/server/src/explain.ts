import { ConfigError } from './config.js';
import { KeyRotationError, SecretsKeyError } from './features/secrets/index.js';
import { DataDirError } from './platform/data-dir.js';
import { hasSqlState, isConnectionError } from './platform/errors.js';
import { MigrationError } from './platform/migrate.js';
import { PostgresStartError } from './platform/postgres/index.js';

/** Exit codes of sysexits(3), so that a supervisor can tell a mistake in the configuration from a crash. */
export const EXIT = { failed: 1, unavailable: 69, noPermission: 77, configuration: 78 } as const;

/** One sentence that says what is wrong and what to do, and an exit code a supervisor understands. */
export function explain(
  error: unknown,
  attempt = 'The server could not start',
): { readonly sentence: string; readonly code: number } {
  if (error instanceof ConfigError) return { sentence: error.message, code: EXIT.configuration };
  if (error instanceof DataDirError) return { sentence: error.message, code: EXIT.noPermission };
  if (error instanceof PostgresStartError)
    return { sentence: `${error.message} ${error.help}`, code: EXIT.unavailable };
  if (error instanceof SecretsKeyError) return { sentence: error.message, code: EXIT.configuration };
  if (error instanceof KeyRotationError) return { sentence: error.message, code: EXIT.configuration };
  if (error instanceof MigrationError) return { sentence: error.message, code: EXIT.configuration };
  if (isConnectionError(error) || hasSqlState(error, '28P01', '28000', '3D000')) {
    const told = error instanceof Error ? error.message : String(error);
    return {
      sentence:
        `The database cannot be used: ${told}. Look at DATABASE_URL, and whether that Postgres runs and lets this machine ` +
        'in. Without DATABASE_URL this server brings a Postgres of its own.',
      code: EXIT.unavailable,
    };
  }
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    const port = 'port' in error ? String(error.port) : 'the port';
    return {
      sentence: `Port ${port} is taken by another program. Stop it, or choose another: PORT=8081 npm start`,
      code: EXIT.unavailable,
    };
  }
  if (error instanceof Error && 'code' in error && error.code === 'EACCES') {
    return {
      sentence: `Not allowed to listen there (${error.message}). Choose a port above 1023 with PORT.`,
      code: EXIT.noPermission,
    };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { sentence: `${attempt}: ${text}`, code: EXIT.failed };
}
