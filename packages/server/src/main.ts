import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createApp } from './app.js';
import { installEnvironment, parseConfig, readEnvironment } from './config.js';
import { EXIT, explain } from './explain.js';
import { openPostgres } from './open-postgres.js';
import { openDataDir } from './platform/data-dir.js';
import { createLogger } from './platform/logger.js';
import { migrate } from './platform/migrate.js';
import { createRandom } from './platform/random.js';
import { readableLog } from './platform/readable-log.js';
import { startNote } from './start-note.js';

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../migrations', import.meta.url));
const PACKAGE_FILE = new URL('../package.json', import.meta.url);

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
  const postgres = await openPostgres(config, say);
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
    installEnvironment: installEnvironment(environment),
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

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  const { sentence, code } = explain(error);
  process.stderr.write(`\n${sentence}\n`);
  process.exit(code);
});
