import type { FileRoot } from '@molecule/contract';
import { toError } from '../../platform/errors.js';
import { AppError, refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import { listTree } from '../../provisioners/file-tree.js';
import {
  etagOf,
  type FileAccess,
  type FileListing,
  type FilePlace,
  type FileReading,
  isReserved,
  isTooLarge,
} from '../../provisioners/files.js';
import { type ConfigFile, DriverError } from '../../provisioners/provisioner.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import { findBackendHere } from './backend-here.js';
import type { StartSources } from './instance-start.js';
import { writeStartNote } from './lifecycle-verbs.store.js';
import { composeConfiguration, type WrittenConfig } from './start-config.js';
import { StartRefusal } from './start-refusal.js';
import { findReconcileRow, type ReconcileRow, takeForFiles } from './workspaces.store.js';

export interface FileVerbsDeps extends Pick<Ports, 'lanes' | 'logger'>, Pick<StartSources, 'templates'> {
  readonly provisioners: ProvisionerRegistry;
  readonly hostId: string;
}

/** Whether a change may be made to the version that is there; null: nothing is. */
export type Condition = (etag: string | null) => boolean;

/**
 * The files of workspaces (contract lifecycle §6). All five verbs choose the place in one step (D24). Before its first
 * start a workspace shows what that start would lay; the first change lays it, so that nothing written is ever replaced by
 * a template. Agents whose backend keeps no files have none.
 */
export interface FileVerbs {
  list(
    id: string,
    root: FileRoot,
    folder: string | null,
    depth: number,
  ): Promise<Extract<FileListing, { entries: unknown }>>;
  read(id: string, root: FileRoot, path: string): Promise<Extract<FileReading, { kind: 'found' }>>;
  /** Returns the new etag. */
  write(id: string, path: string, content: Buffer, allows: Condition): Promise<string>;
  /** All of them or, when one is not what `allows` wants, none. */
  replace(id: string, files: ReadonlyMap<string, Buffer>, allows: Condition): Promise<'container' | 'volume'>;
  remove(id: string, path: string, allows: Condition): Promise<void>;
}

const PLACES: Readonly<Record<FileRoot, FilePlace>> = {
  '/configs': 'configs',
  '/workspace': 'workspace',
  '/home': 'home',
  '/plugins': 'plugins',
};
const NO_FILES = 'this workspace runs outside of this server, which keeps no files of it';
const OFFLINE_TEXT = 'file not found (container offline, no template)';

export function createFileVerbs(deps: FileVerbsDeps): FileVerbs {
  const db = deps.lanes.control;

  async function locate(id: string): Promise<{ row: ReconcileRow; files: FileAccess | null; isHostBound: boolean }> {
    const row = await findReconcileRow(db, id);
    if (row === null || row.status === 'removed') return refuse('workspace_not_found');
    const backend = findBackendHere(deps, row);
    return { row, files: backend?.files ?? null, isHostBound: backend?.capabilities.hostBound ?? false };
  }

  /** As `locate`, for a change: the files will be where the agent runs. */
  async function locateForChange(id: string, attempted: (reason: string) => AppError) {
    const { row, files, isHostBound } = await locate(id);
    if (files === null) throw attempted(NO_FILES);
    if (isHostBound && row.hostId === null) {
      const owner = await takeForFiles(db, id, deps.hostId);
      if (owner === null)
        return refuse('files_unavailable', { help: 'The agent is being started; retry in a moment.' });
      if (owner !== deps.hostId) return refuse('workspace_on_another_host');
    }
    return { row, files };
  }

  /** What the first start would lay; empty when it could not. */
  async function preview(row: ReconcileRow, place: FilePlace): Promise<readonly ConfigFile[]> {
    if (place !== 'configs' && place !== 'plugins') return [];
    try {
      const { files } = await composeConfiguration(deps, db, row);
      if (place === 'configs') return files;
      const inside = files.filter(({ path }) => path.startsWith('plugins/'));
      return inside.map((file) => ({ ...file, path: file.path.slice('plugins/'.length) }));
    } catch (error) {
      if (error instanceof StartRefusal) return [];
      throw error;
    }
  }

  /** The first files of a workspace as `write` and `remove` of the port want them, and the note of what was laid. */
  function firstFiles(row: ReconcileRow) {
    let laid: WrittenConfig = { template: null, templateHash: null };
    return {
      async initial(): Promise<readonly ConfigFile[]> {
        const composed = await composeConfiguration(deps, db, row);
        laid = composed;
        return composed.files;
      },
      async note(wasLaid: boolean): Promise<void> {
        if (wasLaid) await writeStartNote(db, row.id, row.generation, { written: laid, spec: null });
      },
    };
  }

  async function list(id: string, root: FileRoot, folder: string | null, depth: number) {
    const { row, files } = await locate(id);
    const place = PLACES[root];
    if (folder !== null && isReserved(place, folder)) refuse('invalid_path');
    const none = { kind: 'found' as const, entries: [], isCut: false };
    if (files === null) return none;
    const target = { workspaceId: id, place, workspaceDir: row.spec.workspace_dir };
    const listing = await look(deps, id, 'list files', () => files.list(target, folder, depth));
    switch (listing.kind) {
      case 'found':
        return listing;
      case 'not_found':
        return none;
      case 'absent': {
        const first = (await preview(row, place)).map(({ path, content }) => ({ path, size: content.length }));
        return { ...none, entries: listTree(first, folder, depth) ?? [] };
      }
    }
  }

  async function read(id: string, root: FileRoot, path: string) {
    const { row, files } = await locate(id);
    const place = PLACES[root];
    if (isReserved(place, path)) refuse('invalid_path');
    if (files === null)
      return refuse('file_not_found', { text: OFFLINE_TEXT, help: `There is no such file: ${NO_FILES}.` });
    const target = { workspaceId: id, place, workspaceDir: row.spec.workspace_dir };
    const reading = await look(deps, id, 'read file', () => files.read(target, path));
    switch (reading.kind) {
      case 'found':
        return reading;
      case 'not_found':
        return refuse('file_not_found');
      case 'too_large':
        return refuse('file_too_large');
      case 'absent': {
        const first = (await preview(row, place)).find((file) => file.path === path);
        if (first === undefined) return refuse('file_not_found', { text: OFFLINE_TEXT });
        return { kind: 'found' as const, content: first.content, etag: etagOf(first.content) };
      }
    }
  }

  async function write(id: string, path: string, content: Buffer, allows: Condition): Promise<string> {
    const failed = (reason: string) => new AppError('file_write_failed', { text: `failed to write file: ${reason}` });
    if (isReserved('configs', path)) refuse('invalid_path');
    if (isTooLarge(content.length)) refuse('file_too_large');
    const { row, files } = await locateForChange(id, failed);
    const first = firstFiles(row);
    const written = await change(deps, id, failed, () =>
      files.write(id, { files: [{ path, content }], allows, initial: first.initial, completesConfig: false }),
    );
    if (written.kind === 'changed') return refuse('file_changed');
    await first.note(written.laidInitial);
    return written.etags[0] ?? etagOf(content);
  }

  async function replace(
    id: string,
    contents: ReadonlyMap<string, Buffer>,
    allows: Condition,
  ): Promise<'container' | 'volume'> {
    const sent = [...contents].map(([path, content]) => ({ path, content }));
    const [only] = sent.length === 1 ? sent : [];
    const failed = (reason: string) =>
      new AppError('file_write_failed', {
        text: `failed to write file ${only === undefined ? '' : `${only.path}: `}${reason}`,
      });
    const { row, files } = await locateForChange(
      id,
      (reason) =>
        new AppError('file_write_failed', {
          text: 'failed to write files to workspace',
          help: `They cannot be written: ${reason}.`,
        }),
    );
    const first = firstFiles(row);
    const written = await change(deps, id, failed, () =>
      files.write(id, { files: sent, allows, initial: first.initial, completesConfig: true }),
    );
    if (written.kind === 'changed') return refuse('file_changed');
    await first.note(written.laidInitial);
    return written.source;
  }

  async function remove(id: string, path: string, allows: Condition): Promise<void> {
    const failed = (reason: string) => new AppError('file_delete_failed', { text: `failed to delete: ${reason}` });
    if (isReserved('configs', path)) refuse('invalid_path');
    const { row, files } = await locateForChange(id, failed);
    const first = firstFiles(row);
    const removed = await change(deps, id, failed, () => files.remove(id, { path, allows, initial: first.initial }));
    switch (removed.kind) {
      case 'removed':
        await first.note(removed.laidInitial);
        return;
      case 'not_found':
        return refuse('file_not_found');
      case 'changed':
        return refuse('file_changed');
    }
  }

  return { list, read, write, replace, remove };
}

/** A look that fails: for a reason somebody can remove, or because the backend is away. */
async function look<T>(deps: FileVerbsDeps, id: string, attempted: string, act: () => Promise<T>): Promise<T> {
  const failed = (reason: string) => new AppError('file_read_failed', { text: `failed to ${attempted}: ${reason}` });
  return change(deps, id, failed, act);
}

async function change<T>(
  deps: FileVerbsDeps,
  id: string,
  failed: (reason: string) => AppError,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof StartRefusal) throw failed(error.message);
    if (!(error instanceof DriverError)) throw error;
    deps.logger.warn({ workspace: id, err: toError(error) }, 'files of a workspace could not be used');
    if (error.kind === 'rejected') throw failed(error.message);
    throw new AppError('files_unavailable', { cause: error, headers: { 'retry-after': '2' } });
  }
}
