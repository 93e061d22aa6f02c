import { isOwnOrigin, ownOrigins } from './own-origin.js';

export interface Tenant {
  readonly orgId: string;
  /** Exact paths that everybody may ask for: probes, and what agents without an org id call. */
  readonly openPaths: ReadonlySet<string>;
  readonly publicUrl: string | null;
}

export type TenantGuard = (path: string, headers: Readonly<Record<string, string | string[] | undefined>>) => boolean;

/**
 * Whether a request is meant for this tenant (contract registry-a2a §1.4). It decides about routing only: whatever passes
 * meets the gate of its route. The canvas is served by this very server, so its pages are same-origin whenever their
 * Origin or Referer is ours (§1.5).
 */
export function createTenantGuard({ orgId, openPaths, publicUrl }: Tenant): TenantGuard {
  return (path, headers) => {
    if (openPaths.has(path) || headers['x-molecule-org-id'] === orgId) return true;
    const { origin, referer } = headers;
    if (typeof origin === 'string' && isOwnOrigin(origin, headers, publicUrl)) return true;
    if (typeof referer !== 'string') return false;
    const from = referer.toLowerCase();
    // With the slash: an origin that only begins like ours is another one.
    return ownOrigins(headers, publicUrl).some((own) => from === own || from.startsWith(`${own}/`));
  };
}
