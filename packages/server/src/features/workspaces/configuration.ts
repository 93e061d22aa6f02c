import { toError } from '../../platform/errors.js';
import { AppError, refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import { CONFIG_FILE, type FileTarget } from '../../provisioners/files.js';
import { DriverError } from '../../provisioners/provisioner.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import { findBackendHere } from './backend-here.js';
import type { StartSources } from './instance-start.js';
import { composeConfiguration } from './start-config.js';
import { findReconcileRow, type ReconcileRow } from './workspaces.store.js';

export interface ConfigurationDeps extends Pick<Ports, 'lanes' | 'logger'>, Pick<StartSources, 'templates'> {
  readonly provisioners: ProvisionerRegistry;
  readonly hostId: string;
}

/** The configuration folder of a workspace as it is now. */
export interface Configuration {
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** There are more files than are listed. */
  readonly isCut: boolean;
  /** Null when it is gone meanwhile, or larger than `bytesMax`. */
  read(path: string, bytesMax: number): Promise<Buffer | null>;
}

/**
 * Opens the configuration of a workspace: its volume or, while that holds none, what the next start would lay there: its own
 * files over its own template (D10). Refuses with `workspace_not_found`, `workspace_on_another_host` or `files_unavailable`;
 * throws `StartRefusal` when the template cannot be used.
 */
export type OpenConfiguration = (workspaceId: string) => Promise<Configuration>;

const DEPTH = 16;

export function createConfigurationOpener(deps: ConfigurationDeps): OpenConfiguration {
  const db = deps.lanes.control;

  async function openVolume(row: ReconcileRow): Promise<Configuration | null> {
    const files = findBackendHere(deps, row)?.files ?? null;
    if (files === null) return null;
    const target: FileTarget = { workspaceId: row.id, place: 'configs', workspaceDir: row.spec.workspace_dir };
    const listing = await reaching(row.id, () => files.list(target, null, DEPTH));
    if (listing.kind !== 'found') return null;
    const plain = listing.entries.filter(({ kind }) => kind === 'file');
    // Without it the next start lays everything anew.
    if (!plain.some(({ path }) => path === CONFIG_FILE)) return null;
    return {
      files: plain,
      isCut: listing.isCut,
      async read(path, bytesMax) {
        const reading = await reaching(row.id, () => files.read(target, path));
        return reading.kind === 'found' && reading.content.length <= bytesMax ? reading.content : null;
      },
    };
  }

  async function openNext(row: ReconcileRow): Promise<Configuration> {
    const { files } = await composeConfiguration(deps, db, row);
    return {
      files: files.map(({ path, content }) => ({ path, size: content.length })),
      isCut: false,
      async read(path, bytesMax) {
        const content = files.find((file) => file.path === path)?.content ?? null;
        return content !== null && content.length <= bytesMax ? content : null;
      },
    };
  }

  async function reaching<T>(id: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      deps.logger.warn({ workspace: id, err: toError(error) }, 'the configuration of a workspace could not be read');
      throw new AppError('files_unavailable', { cause: error });
    }
  }

  return async (workspaceId) => {
    const row = await findReconcileRow(db, workspaceId);
    if (row === null || row.status === 'removed') return refuse('workspace_not_found');
    return (await openVolume(row)) ?? openNext(row);
  };
}
