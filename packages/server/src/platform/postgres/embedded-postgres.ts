import { join } from 'node:path';
import { ensureBinaries } from './binaries.js';
import { checkMajorVersion, createDatabaseFiles } from './initdb.js';
import { startKeeper } from './keeper.js';
import { claimOwnerFile } from './owner-file.js';
import { DATABASE, ensurePassword, toUrl } from './password.js';
import { ensureCopiesDir, ensureHome, findPlacement } from './placement.js';

export interface EmbeddedPostgresOptions {
  /** The data directory of the server. The database takes `pg/` in it. */
  readonly dataDir: string;
  /** Takes single lines a person may want to read. */
  readonly log: (line: string) => void;
  /** Postgres settings that replace ours, e.g. `{ fsync: 'off' }` in tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where root lays what an unprivileged user must reach. Default: /var/lib/molecule. */
  readonly systemDir?: string;
}

export interface EmbeddedPostgres {
  /** Connection string of the database. It stays valid while this server runs, also across crashes of Postgres. */
  readonly url: string;
  /** The Postgres data directory, which is not always below the server's (see `placement.ts`). */
  readonly dataDir: string;
  /** Ends all sessions, stops Postgres, waits for it and gives the data directory free. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Brings up the database of a data directory: creates it on first use, otherwise starts it, or takes over the one that
 * a killed server left running. Resolves when `url` accepts connections. Throws PostgresStartError;
 * what it had started is stopped again, except a recovery that is still going on. Only one server at a time gets a data directory.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log, settings = {}, systemDir = '/var/lib/molecule' } = options;
  const home = await ensureHome(dataDir);
  const ownerFile = await claimOwnerFile(home, dataDir);
  try {
    const placement = await findPlacement(home, systemDir);
    const binaries = await ensureBinaries(placement.account, () => ensureCopiesDir(placement));
    const password = await ensurePassword(home, placement.data !== null);
    if (placement.data === null) log('Creating the database (once).');
    const isDurable = settings.fsync !== 'off';
    const data = placement.data ?? (await createDatabaseFiles(binaries, placement, password, isDurable));
    await checkMajorVersion(binaries, data, home);

    const logFile = join(home, 'postgres.log');
    const { account } = placement;
    const keeper = await startKeeper({ binaries, data, account, logFile, settings, password, dataDir, log });
    return {
      url: toUrl(keeper.port, password, DATABASE),
      dataDir: data,
      async stop() {
        await keeper.stop();
        await ownerFile.release();
      },
    };
  } catch (error) {
    await ownerFile.release();
    throw error;
  }
}
