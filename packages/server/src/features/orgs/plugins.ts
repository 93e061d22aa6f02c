import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findRealPathInside } from '../../platform/inside-root.js';
import { type FolderContent, readFolder } from '../templates/index.js';
import { isSafeDir, OrgFileFault, OrgFileMissing } from './org-files.js';

/** The defaults' first, then the node's, each once; `!x` and `-x` take x away (contract lifecycle §22). */
export function mergePlugins(defaults: readonly string[], node: readonly string[]): readonly string[] {
  const written = [...defaults, ...node].map((name) => name.trim()).filter((name) => name !== '');
  const removed = new Set(written.filter(isRemoval).map((name) => name.slice(1)));
  return [...new Set(written.filter((name) => !isRemoval(name) && !removed.has(name)))];
}

/** Reads the files of a plugin, each once. Throws {@link OrgFileMissing} or {@link OrgFileFault}. */
export type ReadPlugin = (name: string) => Promise<FolderContent>;

/** `folders` hold one folder per plugin; on equal names the later one wins. */
export function createPluginReader(folders: readonly string[]): ReadPlugin {
  const known = new Map<string, Promise<FolderContent>>();

  async function read(name: string): Promise<FolderContent> {
    if (!isSafeDir(name)) throw new OrgFileFault(`plugin ${name} is not the name of a folder`);
    const folder = folders.toReversed().find((candidate) => existsSync(join(candidate, name)));
    if (folder === undefined)
      throw new OrgFileMissing(`the plugin ${name} is not in the plugins folder of this server`);
    const path = findRealPathInside(folder, join(folder, name));
    if (path === null) throw new OrgFileFault(`plugin ${name} is a link that leads outside the plugins folder`);
    if (!statSync(path).isDirectory()) throw new OrgFileFault(`plugin ${name} is not a folder`);
    const reading = await readFolder(path);
    if ('fault' in reading) throw new OrgFileFault(`plugin ${name}: ${reading.fault.file} ${reading.fault.reason}`);
    return reading.content.map((file) => ({ ...file, path: `plugins/${name}/${file.path}` }));
  }

  return (name) => {
    const reading = known.get(name) ?? read(name);
    known.set(name, reading);
    return reading;
  };
}

function isRemoval(name: string): boolean {
  return name.startsWith('!') || name.startsWith('-');
}
