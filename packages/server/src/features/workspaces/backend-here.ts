import { refuse } from '../../platform/http/app-error.js';
import type { Provisioner } from '../../provisioners/provisioner.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';

/**
 * The backend of a workspace, for looking at what it keeps of it: files, output. Null where this server has none of that
 * kind. Refuses with `workspace_on_another_host` where only the server over there can look, because what is found here
 * instead would be taken for the truth.
 */
export function findBackendHere(
  deps: { readonly provisioners: ProvisionerRegistry; readonly hostId: string },
  row: { readonly backend: string; readonly hostId: string | null },
): Provisioner | null {
  const lookup = deps.provisioners.find(row.backend);
  if (!lookup.ok) return null;
  const { hostBound } = lookup.provisioner.capabilities;
  if (hostBound && row.hostId !== null && row.hostId !== deps.hostId) return refuse('workspace_on_another_host');
  return lookup.provisioner;
}
