import { fileURLToPath } from 'node:url';
import { parseConfig, readEnvironment } from './config.js';
import { explain } from './explain.js';
import { openPostgres } from './open-postgres.js';
import { openDataDir } from './platform/data-dir.js';
import { createLogger } from './platform/logger.js';
import { migrate } from './platform/migrate.js';
import { createRandom } from './platform/random.js';
import { rotateSecretsKey } from './rotate-secrets-key.js';

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../migrations', import.meta.url));

/** `npm run rotate-secrets-key`: with the configuration of the server, which must not be running. */
async function main(): Promise<void> {
  const config = parseConfig(readEnvironment());
  const random = createRandom();
  const dataDir = await openDataDir(config.dataDir, random);
  const postgres = await openPostgres(config, say);
  try {
    await migrate({ url: postgres.url, folder: MIGRATIONS_FOLDER });
    const logger = createLogger({ level: config.logLevel });
    say(await rotateSecretsKey({ config, databaseUrl: postgres.url, dataDir, logger, random }));
  } finally {
    await postgres.stop();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  const { sentence, code } = explain(error, 'The key could not be rotated');
  process.stderr.write(`\n${sentence}\n`);
  process.exit(code);
});
