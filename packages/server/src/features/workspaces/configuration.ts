import { refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import type { StartSources } from './instance-start.js';
import { sanitizeRuntime } from './runtimes.js';
import { findReconcileRow, listSeedFiles } from './workspaces.store.js';

export interface ConfigurationDeps extends Pick<Ports, 'lanes'>, Pick<StartSources, 'templates'> {
  /** What a backend keeps of a workspace; null where it keeps nothing, as before the first start. */
  readonly volumes: {
    list(workspaceId: string): Promise<readonly { readonly path: string; readonly size: number }[] | null>;
    read(workspaceId: string, path: string, bytesMax: number): Promise<Buffer | null>;
  };
}

/**
 * Opens the configuration folder of a workspace: its volume, else what its first start would lay there, which is its own
 * files over its own template (D10). Throws `StartRefusal` when that start would be refused for its files.
 */
export function createConfigurationOpener(deps: ConfigurationDeps) {
  const { lanes, volumes } = deps;
  return async (workspaceId: string) => {
    const kept = await volumes.list(workspaceId);
    if (kept !== null) {
      return { files: kept, read: (path: string, bytesMax: number) => volumes.read(workspaceId, path, bytesMax) };
    }
    const row = (await findReconcileRow(lanes.control, workspaceId)) ?? refuse('workspace_not_found');
    const { files } = await deps.templates.compose({
      name: row.name,
      role: row.role,
      runtime: sanitizeRuntime(row.spec.runtime),
      template: row.spec.template,
      model: row.spec.model,
      tier: row.spec.tier,
      maxConcurrentTasks: row.spec.max_concurrent_tasks,
      seedFiles: await listSeedFiles(lanes.control, workspaceId),
    });
    return {
      files: files.map(({ path, content }) => ({ path, size: content.length })),
      read: async (path: string, bytesMax: number) => {
        const content = files.find((file) => file.path === path)?.content ?? null;
        return content !== null && content.length <= bytesMax ? content : null;
      },
    };
  };
}
