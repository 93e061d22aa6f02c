import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ImportTemplate } from '@molecule/contract';
import { AppError, refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import { generateImportedConfig } from './imported-config.js';
import { parseTemplateConfig } from './template-config.js';
import { CONFIG_FILE, DEPTH_MAX, FILE_BYTES_MAX, TOTAL_BYTES_MAX } from './template-folder.js';
import { isSafeName, REBUILD_FOLDER } from './template-lookup.js';

export interface TemplateImportDeps extends Pick<Ports, 'clock' | 'logger' | 'random'> {
  /** Where imported templates are kept; made when it is not there. */
  readonly folder: string;
  /** Whether a template of this name is there, in whichever folder and usable or not. */
  readonly isKnown: (id: string) => boolean;
}

const FILES_MAX = 200;
const STAGING_PREFIX = '.importing-';
const STAGING_LEFT_AFTER_MS = 60 * 60_000;
const NAME_BYTES_MAX = 255;
const PATH_BYTES_MAX = 1_024;

/**
 * Stores a template under its normalised name (contract lifecycle §5.2). All is judged before anything is written, and the
 * folder appears whole under its name or not at all (D15). Throws a refusal.
 */
export async function importTemplate(deps: TemplateImportDeps, body: ImportTemplate): Promise<{ readonly id: string }> {
  const id = toId(body.name);
  const files = judge(body);
  if (deps.isKnown(id)) throw alreadyThere(id);
  try {
    if (await exists(join(deps.folder, id))) throw alreadyThere(id);
    await store(deps, id, files);
  } catch (error) {
    if (error instanceof AppError || !(error instanceof Error && 'code' in error)) throw error;
    deps.logger.error({ template: id, folder: deps.folder, err: error }, 'an imported template could not be written');
    throw new AppError('template_not_written', { fields: { reason: String(error.code) }, cause: error });
  }
  deps.logger.info({ template: id, folder: deps.folder, files: files.size }, 'a template was imported');
  return { id };
}

async function store(deps: TemplateImportDeps, id: string, files: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(deps.folder, { recursive: true, mode: 0o755 });
  await removeLeftovers(deps);
  const staging = join(deps.folder, STAGING_PREFIX + deps.random.uuid());
  try {
    await mkdir(staging, { mode: 0o755 });
    for (const [path, content] of files) {
      const target = join(staging, path);
      await mkdir(dirname(target), { recursive: true, mode: 0o755 });
      await writeFile(target, content, { mode: 0o600, flag: 'wx' });
    }
    await rename(staging, join(deps.folder, id)).catch((error: unknown) => {
      // Of two imports of one name the second finds the folder of the first.
      throw hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST') ? alreadyThere(id) : error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** What servers killed in the middle of an import have left. Others may be at theirs just now. */
async function removeLeftovers({ folder, clock }: TemplateImportDeps): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(STAGING_PREFIX)) continue;
    const changed = await stat(join(folder, name)).catch(() => null);
    if (changed && clock.now().getTime() - changed.mtimeMs > STAGING_LEFT_AFTER_MS) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** Spaces and hyphens become hyphens, letters small; digits and `_` stay and everything else goes. */
function toId(name: string): string {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX || /[\p{Cc}\p{Cs}]/u.test(name)) {
    invalid(`The name must have at most ${NAME_BYTES_MAX} bytes and no control characters.`);
  }
  const id =
    name
      .replaceAll(' ', '-')
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]/g, '') || 'unnamed';
  if (!isSafeName(id)) invalid('The name is too long.');
  if (id === REBUILD_FOLDER) invalid(`"${REBUILD_FOLDER}" is kept for what restarts rebuild configurations from.`);
  return id;
}

/**
 * The files to write, config.yaml among them. Whatever a later reading of the folder would complain of is refused here.
 * Hidden files are kept like others, and like those of any template they reach no agent.
 */
function judge({ name, files }: ImportTemplate): ReadonlyMap<string, string> {
  const given = Object.entries(files);
  if (given.length > FILES_MAX) {
    refuse('too_many_files', { text: `too many files (${given.length}), max ${FILES_MAX}` });
  }
  const folders = new Set<string>();
  let total = 0;
  for (const [path, content] of given) {
    const fault = findPathFault(path);
    if (fault !== null) invalid(`The path ${JSON.stringify(path.slice(0, 200))} ${fault}.`);
    const segments = path.split('/');
    for (let depth = 1; depth < segments.length; depth += 1) folders.add(segments.slice(0, depth).join('/'));
    const bytes = Buffer.byteLength(content);
    total += bytes;
    if (bytes > FILE_BYTES_MAX) invalid(`${path} is larger than ${FILE_BYTES_MAX} bytes.`);
  }
  if (total > TOTAL_BYTES_MAX) invalid(`All files together exceed ${TOTAL_BYTES_MAX} bytes.`);
  const clash = given.find(([path]) => folders.has(path));
  if (clash) invalid(`${clash[0]} is a file and a folder at once.`);

  const paths = given.map(([path]) => path);
  const all = new Map(given);
  const config = all.get(CONFIG_FILE) ?? generateImportedConfig(name, paths);
  const parsed = parseTemplateConfig(config);
  if ('faults' in parsed) {
    const problems = parsed.faults.map((fault) => ({ id: name, file: CONFIG_FILE, ...fault }));
    refuse('invalid_request_body', {
      fields: { problems },
      help: `${CONFIG_FILE} cannot be used; problems[] names each line and reason. Nothing was written.`,
    });
  }
  return all.set(CONFIG_FILE, config);
}

function findPathFault(path: string): string | null {
  const segments = path.split('/');
  if (path === '') return 'is empty';
  if (path.startsWith('/')) return 'must be relative';
  if (Buffer.byteLength(path) > PATH_BYTES_MAX || segments.length > DEPTH_MAX) return 'is too long or too deep';
  if (/[\p{Cc}\p{Cs}\\]/u.test(path)) return 'holds characters that no path may have';
  if (segments.some((segment) => segment === '' || Buffer.byteLength(segment) > NAME_BYTES_MAX)) {
    return 'has a part that is empty or too long';
  }
  // As the contract has it: two dots anywhere, not only as a whole part.
  if (path.includes('..') || segments.includes('.')) return 'leads outside the folder';
  return null;
}

function invalid(help: string): never {
  return refuse('invalid_request_body', { help });
}

function alreadyThere(id: string): AppError {
  return new AppError('template_exists', { fields: { id } });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
