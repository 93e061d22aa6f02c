import { rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConfigFile, DriverError } from '../provisioner.js';
import { deleteFolder, ensureFolder, isRealFolder, toSegments, writeFileInside } from './folder-files.js';

const CONFIG_FILE = 'config.yaml';
const STAGING_FOLDER = '.seeding';

/**
 * Writes files over a configuration folder. All of them lie complete beside it before the first takes its place, so that
 * a disk that fills up leaves the folder as it was; and `config.yaml` takes its place last, so that a server killed in
 * between finds a folder that is still to be filled.
 */
export async function writeConfigs(configs: string, files: readonly ConfigFile[]): Promise<void> {
  const staging = join(configs, STAGING_FOLDER);
  const made: string[] = [];
  try {
    // What a killed server left, or an agent put there.
    await deleteFolder(staging);
    await ensureFolder(staging, 0o700);
    for (const { path, content, mode } of files) await writeFileInside(staging, path, content, mode ?? 0o644);
    for (const { path } of files) {
      await makeFoldersFor(configs, path, made);
      if (await isRealFolder(join(configs, path))) throw folderInTheWay(path);
    }
    for (const { path } of inOrder(files)) await rename(join(staging, path), join(configs, path));
  } catch (error) {
    await removeEmpty(made);
    throw error;
  } finally {
    await deleteFolder(staging);
  }
}

/** The order in which files take their place. Exported for its test: nothing else shows where a server was killed. */
export function inOrder(files: readonly ConfigFile[]): readonly ConfigFile[] {
  return [...files].sort((a, b) => Number(a.path === CONFIG_FILE) - Number(b.path === CONFIG_FILE));
}

/** Component by component, because an agent may have put a link anywhere. */
async function makeFoldersFor(root: string, path: string, made: string[]): Promise<void> {
  let folder = root;
  for (const segment of toSegments(path).slice(0, -1)) {
    folder = join(folder, segment);
    if (await ensureFolder(folder, 0o755)) made.push(folder);
  }
}

function folderInTheWay(path: string): DriverError {
  return new DriverError(
    'rejected',
    `Cannot write the configuration file ${JSON.stringify(path)}: a folder stands in its place. Remove it and start the workspace again.`,
    { retryable: false },
  );
}

/** Innermost first. One that has got a file meanwhile stays. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders.toReversed()) await rmdir(folder).catch(() => undefined);
}
