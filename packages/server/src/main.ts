import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createApp } from './app.js';
import { type Config, ConfigError, parseConfig, readEnvironment } from './config.js';
import { SecretsKeyError } from './features/secrets/index.js';
import { DataDirError, openDataDir } from './platform/data-dir.js';
import { createLogger } from './platform/logger.js';
import { MigrationError, migrate } from './platform/migrate.js';
import { type EmbeddedPostgres, PostgresStartError, startEmbeddedPostgres } from './platform/postgres/index.js';
import { createRandom } from './platform/random.js';
import { readableLog } from './platform/readable-log.js';
import { startNote } from './start-note.js';

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../migrations', import.meta.url));
const PACKAGE_FILE = new URL('../package.json', import.meta.url);

/** Exit codes of sysexits(3), so that a supervisor can tell a mistake in the configuration from a crash. */
const EXIT = { failed: 1, unavailable: 69, noPermission: 77, configuration: 78 } as const;

async function main(): Promise<void> {
  const environment = readEnvironment();
  const config = parseConfig(environment);
  const logger = createLogger({
    level: config.logLevel,
    // JSON for whatever collects it; a person at a terminal reads lines.
    ...(process.stdout.isTTY ? { destination: readableLog((text) => process.stdout.write(text)) } : {}),
  });
  for (const warning of config.warnings) logger.warn(warning);
  if (config.developmentMode) {
    logger.warn('development mode: everyone who can reach this port is an administrator');
  }
  const dataDir = await openDataDir(config.dataDir, createRandom());
  const postgres = await openPostgres(config);
  const applied = await migrate({ url: postgres.url, folder: MIGRATIONS_FOLDER });
  if (applied.length > 0) logger.info({ applied }, 'database brought up to date');
  const { version } = JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as { version: string };
  const app = await createApp({
    config,
    databaseUrl: postgres.url,
    dataDir,
    logger,
    version,
    gitSha: environment.MOLECULE_GIT_SHA ?? 'dev',
    baseEnvironment: { path: environment.PATH ?? '/usr/bin:/bin', lang: environment.LANG ?? 'C.UTF-8' },
  });

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) {
      // The second Ctrl-C means now. Agents live on and are taken up by the next start.
      process.exit(EXIT.failed);
    }
    stopping = true;
    say(`\nStopping (${signal}) …`);
    await app.close();
    await dataDir.removeServerFile();
    await postgres.stop();
    say('Stopped.');
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        logger.error({ err: error }, 'the server did not stop in order');
        process.exit(EXIT.failed);
      });
    });
  }

  try {
    const { url, port } = await app.start();
    const publicUrl = config.publicUrl ?? url;
    await dataDir.writeServerFile({
      url,
      pid: process.pid,
      port,
      version,
      started_at: app.ports.clock.now().toISOString(),
      token: config.adminToken === null ? dataDir.adminToken : null,
    });
    const loginLink = await app.createLoginLink();
    const note = startNote({ publicUrl, loginLink, dataDir: config.dataDir, databaseDir: postgres.dataDir });
    for (const line of note) say(line);
  } catch (error) {
    await app.close();
    await postgres.stop();
    throw error;
  }
}

/** `dataDir` is null for a database that is not ours to keep. */
type Database = Pick<EmbeddedPostgres, 'url' | 'stop'> & { readonly dataDir: string | null };

async function openPostgres(config: Config): Promise<Database> {
  if (config.databaseUrl !== null) return { url: config.databaseUrl, dataDir: null, stop: async () => {} };
  return startEmbeddedPostgres({ dataDir: config.dataDir, log: say });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One sentence that says what is wrong and what to do, and an exit code a supervisor understands. */
function explain(error: unknown): { readonly sentence: string; readonly code: number } {
  if (error instanceof ConfigError) return { sentence: error.message, code: EXIT.configuration };
  if (error instanceof DataDirError) return { sentence: error.message, code: EXIT.noPermission };
  if (error instanceof PostgresStartError)
    return { sentence: `${error.message} ${error.help}`, code: EXIT.unavailable };
  if (error instanceof SecretsKeyError) return { sentence: error.message, code: EXIT.configuration };
  if (error instanceof MigrationError) return { sentence: error.message, code: EXIT.configuration };
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
  return { sentence: `The server could not start: ${text}`, code: EXIT.failed };
}

main().catch((error: unknown) => {
  const { sentence, code } = explain(error);
  process.stderr.write(`\n${sentence}\n`);
  process.exit(code);
});
