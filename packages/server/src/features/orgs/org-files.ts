import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseEnv } from 'node:util';
import { findRealPathInside, resolveInsideRoot } from '../../platform/inside-root.js';
import { type FolderContent, readFolder } from '../templates/index.js';

const TEXT_BYTES_MAX = 1024 * 1024;
const ORG_FILES = ['org.yaml', 'org.yml'];

/** An org template folder, found in one of the configured folders. */
export interface OrgFolder {
  readonly dir: string;
  /** Real path; nothing outside it is ever read. */
  readonly root: string;
  /** Absolute path of org.yaml or org.yml. */
  readonly file: string;
}

/** Reading part of an org folder went wrong in a way its author can mend. The message names the part, not the machine. */
export class OrgFileFault extends Error {
  override readonly name = 'OrgFileFault';
}

/**
 * What the org names is not there. Everything else works without it, and shipped orgs do name what they have not
 * (contract lifecycle §8.4, §22): it is told and passed over.
 */
export class OrgFileMissing extends Error {
  override readonly name = 'OrgFileMissing';
}

/** One folder name: nothing that climbs, hides or names a path. */
export function isSafeDir(dir: string): boolean {
  return /^[^./\\\0][^/\\\0]{0,127}$/.test(dir);
}

/**
 * `escapes` when it is a link out of the templates folder; `half` for a git clone without an org file; `none` when it is
 * no org template.
 */
export function findOrgFolder(
  parent: string,
  dir: string,
): { readonly kind: 'found'; readonly folder: OrgFolder } | { readonly kind: 'none' | 'half' | 'escapes' } {
  const path = join(parent, dir);
  if (!existsSync(path)) return { kind: 'none' };
  const root = findRealPathInside(parent, path);
  if (root === null) return { kind: 'escapes' };
  if (!statSync(root).isDirectory()) return { kind: 'none' };
  const name = ORG_FILES.find((candidate) => existsSync(join(root, candidate)));
  if (name !== undefined) return { kind: 'found', folder: { dir, root, file: join(root, name) } };
  return { kind: existsSync(join(root, '.git')) ? 'half' : 'none' };
}

/** Names of what may be org folders directly inside `parent`; none when it is not there or not readable. */
export function listOrgDirs(parent: string): string[] {
  try {
    return readdirSync(parent, { withFileTypes: true })
      .filter((entry) => isSafeDir(entry.name) && (entry.isDirectory() || entry.isSymbolicLink()))
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  }
}

/**
 * What an import reads beside the org file itself. Each throws {@link OrgFileFault} or {@link OrgFileMissing}; each
 * reads a path once.
 */
export interface OrgFiles {
  /** All files of a node's folder. */
  folder(filesDir: string): Promise<FolderContent>;
  /** A text file relative to a node's folder, or to the org's when `filesDir` is null. */
  text(filesDir: string | null, path: string): string;
  /** `.env` of a node's folder or of the org; nothing when there is none. Empty values count as not given. */
  env(filesDir: string | null): Readonly<Record<string, string>>;
}

export function createOrgFiles(root: string): OrgFiles {
  const folders = new Map<string, Promise<FolderContent>>();
  const envs = new Map<string, Readonly<Record<string, string>>>();

  /** The real path of something inside the org's folder. */
  function locate(path: string, base: string, shown: string): string {
    const target = resolveInsideRoot(root, path, base);
    if (target === null) throw new OrgFileFault(`${shown} leads outside the folder of the org`);
    if (!existsSync(target)) throw new OrgFileMissing(`${shown} does not exist`);
    return findRealPathInside(root, target) ?? fail(`${shown} is a link that leads outside the folder of the org`);
  }

  function locateFolder(filesDir: string): string {
    const path = locate(filesDir, root, `files_dir ${filesDir}`);
    return statSync(path).isDirectory() ? path : fail(`files_dir ${filesDir} is not a folder`);
  }

  return {
    folder(filesDir) {
      const path = locateFolder(filesDir);
      const known = folders.get(path);
      if (known) return known;
      const reading = readFolder(path).then((read) =>
        'fault' in read ? fail(`files_dir ${filesDir}: ${read.fault.file} ${read.fault.reason}`) : read.content,
      );
      folders.set(path, reading);
      return reading;
    },
    text(filesDir, path) {
      const found = locate(path, filesDir === null ? root : locateFolder(filesDir), path);
      const stats = statSync(found);
      if (!stats.isFile()) throw new OrgFileFault(`${path} is not a file`);
      if (stats.size > TEXT_BYTES_MAX) throw new OrgFileFault(`${path} is larger than ${TEXT_BYTES_MAX} bytes`);
      return readFileSync(found, 'utf8');
    },
    env(filesDir) {
      const base = filesDir === null ? root : locateFolder(filesDir);
      const known = envs.get(base);
      if (known) return known;
      const shown = `${base === root ? '' : `${relative(root, base).split(sep).join('/')}/`}.env`;
      const values = existsSync(join(base, '.env')) ? readEnvFile(locate('.env', base, shown)) : {};
      envs.set(base, values);
      return values;
    },
  };
}

/** An inline template has no folder: whatever would be read from one is missing. */
export function createNoFiles(): OrgFiles {
  const miss = (what: string): never => {
    throw new OrgFileMissing(`${what} needs an org folder; an inline template has none`);
  };
  return {
    folder: async (filesDir) => miss(`files_dir ${filesDir}`),
    text: (_filesDir, path) => miss(path),
    env: () => ({}),
  };
}

function readEnvFile(path: string): Readonly<Record<string, string>> {
  if (statSync(path).size > TEXT_BYTES_MAX) throw new OrgFileFault(`.env is larger than ${TEXT_BYTES_MAX} bytes`);
  const given = Object.entries(parseEnv(readFileSync(path, 'utf8')));
  return Object.fromEntries(given.flatMap(([key, value]) => (value ? [[key, value]] : [])));
}

function fail(message: string): never {
  throw new OrgFileFault(message);
}
