import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { Refusal } from './refusal.mjs';

/** As the server's own: sysexits(3), "unavailable". */
const EXIT_UNAVAILABLE = 69;

/**
 * Refuses a port that another program holds before anything is installed or created. Only that: what else may be wrong
 * with the environment, and a port that is taken meanwhile, the server says itself, in the same words.
 */
export async function checkPort(env) {
  const { PORT, HOST, dataDir } = readListenSettings(env);
  const port = PORT?.trim() ? Number(PORT.trim()) : 8080;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return;
  // A server on this data directory may be the one that listens. The server knows, and names it.
  if (existsSync(join(dataDir, 'pg', 'owner.json'))) return;
  if (!(await isTaken(port, HOST?.trim() || '127.0.0.1'))) return;
  throw new Refusal(`Port ${port} is taken by another program. Stop it, or choose another: PORT=8081 npm start`, null, {
    exitCode: EXIT_UNAVAILABLE,
  });
}

/** The environment wins over `.env` here, which wins over `.env` in the data directory: as the server reads them. */
function readListenSettings(own) {
  const env = { ...readEnvFile('.env'), ...own };
  const ownDir = process.getuid?.() === 0 ? '/var/lib/molecule' : join(homedir(), '.molecule');
  const dataDir = env.MOLECULE_DATA_DIR?.trim() ? resolve(env.MOLECULE_DATA_DIR.trim()) : ownDir;
  return { ...readEnvFile(join(dataDir, '.env')), ...env, dataDir };
}

function readEnvFile(path) {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch {
    // None, or one the server will complain about.
    return {};
  }
}

function isTaken(port, host) {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', (error) => done(error.code === 'EADDRINUSE'));
    probe.listen({ port, host }, () => probe.close(() => done(false)));
  });
}
