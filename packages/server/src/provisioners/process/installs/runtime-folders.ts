import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../folder-files.js';
import { folderBytes } from './folder-bytes.js';
import type { RuntimePackage } from './runtime-packages.js';

/** What an install leaves beside its program: the last thing written before the folder gets its name. */
export interface InstallNote {
  readonly package: string;
  readonly version: string;
  /** Of the program, relative to the folder. */
  readonly program: string;
  readonly bytes: number;
  readonly installedAt: string;
}

const NOTE_FILE = 'installed.json';
const STAGE_PREFIX = '.stage-';

/** The folder `<data directory>/runtimes`. Every version is a folder that is complete from the moment it has its name. */
export interface RuntimeFolders {
  folderOf(runtime: string): string;
  /** Null unless this version is completely there. */
  findInstalled(pkg: RuntimePackage): Promise<{ readonly note: InstallNote; readonly program: string } | null>;
  listVersions(runtime: string): Promise<readonly InstallNote[]>;
  /** A new empty folder for an install under way. */
  createStage(runtime: string, id: string): Promise<string>;
  listStages(runtime: string): Promise<readonly string[]>;
  /** Gives a stage its name, unless the version has come to be there by other hands. */
  publish(stage: string, pkg: RuntimePackage, note: Omit<InstallNote, 'bytes'>): Promise<void>;
  removeVersion(runtime: string, version: string): Promise<void>;
}

export function createRuntimeFolders(root: string): RuntimeFolders {
  const folderOf = (runtime: string): string => join(root, runtime);

  async function readNote(runtime: string, version: string): Promise<InstallNote | null> {
    try {
      return parseNote(await readFile(join(folderOf(runtime), version, NOTE_FILE), 'utf8'));
    } catch (error) {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return null;
      throw error;
    }
  }

  async function namesIn(runtime: string): Promise<string[]> {
    try {
      return await readdir(folderOf(runtime));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  return {
    folderOf,
    async findInstalled({ runtime, version, package: name }) {
      const note = await readNote(runtime, version);
      if (note?.package !== name || note.version !== version) return null;
      return { note, program: join(folderOf(runtime), version, note.program) };
    },
    async listVersions(runtime) {
      const names = (await namesIn(runtime)).filter((name) => !name.startsWith('.'));
      const notes = await Promise.all(names.sort().map((name) => readNote(runtime, name)));
      return notes.filter((note) => note !== null);
    },
    async createStage(runtime, id) {
      const stage = join(folderOf(runtime), `${STAGE_PREFIX}${id}`);
      await mkdir(stage, { recursive: true, mode: 0o700 });
      return stage;
    },
    async listStages(runtime) {
      const names = (await namesIn(runtime)).filter((name) => name.startsWith(STAGE_PREFIX));
      return names.map((name) => join(folderOf(runtime), name));
    },
    async publish(stage, { runtime, version }, note) {
      const bytes = await folderBytes(stage);
      await writeFile(join(stage, NOTE_FILE), `${JSON.stringify({ ...note, bytes }, null, 2)}\n`, { mode: 0o600 });
      const place = join(folderOf(runtime), version);
      for (const mayClear of [true, false]) {
        try {
          await rename(stage, place);
          return;
        } catch (error) {
          if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error;
          // Come to be there by other hands: complete is as good as ours, anything else is in the way.
          if (!mayClear || (await readNote(runtime, version)) !== null) return;
          await rm(place, { recursive: true, force: true });
        }
      }
    },
    async removeVersion(runtime, version) {
      // Out of the way in one step: whoever looks meanwhile finds all of it or none.
      const doomed = join(folderOf(runtime), `${STAGE_PREFIX}removed-${version}`);
      await rm(doomed, { recursive: true, force: true });
      await rename(join(folderOf(runtime), version), doomed).catch((error: unknown) => {
        if (!hasCode(error, 'ENOENT')) throw error;
      });
      await rm(doomed, { recursive: true, force: true });
    },
  };
}

function parseNote(text: string): InstallNote | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Spoilt by other hands: as good as not there, and the next install replaces it.
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const field = (name: string): string | null => {
    const found: unknown = Reflect.get(value, name);
    return typeof found === 'string' ? found : null;
  };
  const [name, version, program, installedAt] = [
    field('package'),
    field('version'),
    field('program'),
    field('installedAt'),
  ];
  if (name === null || version === null || program === null) return null;
  const bytes: unknown = Reflect.get(value, 'bytes');
  return {
    package: name,
    version,
    program,
    bytes: typeof bytes === 'number' ? bytes : 0,
    installedAt: installedAt ?? '',
  };
}
