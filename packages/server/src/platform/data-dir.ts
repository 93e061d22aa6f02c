import { chmod, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from './random.js';

/** The data directory (design §5): folders 0700, files 0600. */
export interface DataDir {
  readonly path: string;
  readonly workspaces: string;
  /** Programs of runtimes, installed when first needed. */
  readonly runtimes: string;
  /** Imported workspace templates; not there before the first. */
  readonly templates: string;
  /** Generated on first use and kept; the same on every later start. */
  readonly adminToken: string;
  readonly secretsKey: string;
  /** For a change of the key: survives being cut off between any two steps. */
  readonly nextSecretsKey: {
    /**
     * The key to change to, written down before anything depends on it: what an earlier call wrote, which may be the only
     * copy of a key in use, else `given`, else a new one.
     */
    stage(given: string | null): Promise<string>;
    /** Makes the staged key the key of this data directory. Repeatable. */
    adopt(): Promise<void>;
  };
  readonly hostId: string;
  /** Where the server before this one listened; null when there was none, or it stopped in order and its agents with it. */
  readonly lastPort: number | null;
  /** Tells the CLI where this server is; removed on an orderly stop. */
  writeServerFile(content: Readonly<Record<string, unknown>>): Promise<void>;
  removeServerFile(): Promise<void>;
}

/** The data directory cannot be used. The message says what to do. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
}

/** Creates what is missing; repeatable. Throws DataDirError when the folder cannot be written. */
export async function openDataDir(path: string, random: Random): Promise<DataDir> {
  const keys = join(path, 'keys');
  const workspaces = join(path, 'workspaces');
  try {
    for (const folder of [path, keys, workspaces]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // As root the default data directory also holds the database, whose own user passes through it: search permission
      // for others is left as it is, reading and writing is taken away.
      await chmod(folder, (await stat(folder)).mode & (folder === path ? 0o711 : 0o700));
    }
    const serverFile = join(path, 'server.json');
    const secretsKeyFile = join(keys, 'secrets-key');
    const nextKeyFile = join(keys, 'secrets-key.next');
    const createSecretsKey = (): string => Buffer.from(random.token(32), 'base64url').toString('base64');
    return {
      path,
      workspaces,
      runtimes: join(path, 'runtimes'),
      templates: join(path, 'templates'),
      adminToken: await ensureKey(join(keys, 'admin-token'), () => random.token(32)),
      secretsKey: await ensureKey(secretsKeyFile, createSecretsKey),
      nextSecretsKey: {
        stage: (given) => ensureKey(nextKeyFile, () => given ?? createSecretsKey()),
        async adopt() {
          await rename(nextKeyFile, secretsKeyFile).catch((error: unknown) => {
            if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
          });
        },
      },
      hostId: await ensureKey(join(keys, 'host-id'), () => random.uuid()),
      lastPort: await findPort(serverFile),
      async writeServerFile(content) {
        const draft = `${serverFile}.${process.pid}`;
        await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
        await rename(draft, serverFile);
      },
      removeServerFile: () => rm(serverFile, { force: true }),
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      throw new DataDirError(
        `Cannot use the data directory ${path} (${String(error.code)}). Make it writable for this user, or choose another with MOLECULE_DATA_DIR.`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** The port in a server file; null when there is no such file, or it holds none. */
async function findPort(serverFile: string): Promise<number | null> {
  const text = await readFile(serverFile, 'utf8').catch(() => '');
  try {
    const { port } = JSON.parse(text) as { readonly port?: unknown };
    return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
  } catch {
    // Not there or spoilt: a port to prefer is a convenience, and its absence keeps no server from starting.
    return null;
  }
}

/** Reads a key, or writes a new one such that of two servers starting at once both end up with the same. */
async function ensureKey(path: string, create: () => string): Promise<string> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${create()}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const text = (await readFile(path, 'utf8')).trim();
  if (text === '')
    throw new DataDirError(
      `The key file ${path} is empty. Restore it from a backup, or delete it to generate a new one.`,
    );
  return text;
}
