import type { Config } from './config.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './platform/postgres/index.js';

/** `dataDir` is null for a database that is not ours to keep. */
export type OpenPostgres = Pick<EmbeddedPostgres, 'url' | 'stop'> & { readonly dataDir: string | null };

/** The database this configuration means: the one it names, else the embedded one, started. Throws PostgresStartError. */
export async function openPostgres(
  config: Pick<Config, 'databaseUrl' | 'dataDir'>,
  log: (line: string) => void,
): Promise<OpenPostgres> {
  if (config.databaseUrl !== null) return { url: config.databaseUrl, dataDir: null, stop: async () => {} };
  return startEmbeddedPostgres({ dataDir: config.dataDir, log });
}
