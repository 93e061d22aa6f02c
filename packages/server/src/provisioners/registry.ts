import type { Provisioner } from './provisioner.js';

export type ProvisionerLookup =
  | { readonly ok: true; readonly provisioner: Provisioner }
  /** `reason` is a sentence for people: it goes onto the row as the reason of `failed` (contract lifecycle §13.2, R45). */
  | { readonly ok: false; readonly reason: string };

export interface ProvisionerRegistry {
  /** The provisioner recorded on a row. An unknown kind is an answer, never null: nobody can forget to handle it. */
  find(kind: string): ProvisionerLookup;
  readonly all: readonly Provisioner[];
}

/** Throws when two provisioners claim one kind or none is given: a server that cannot run anything must not boot. */
export function createProvisionerRegistry(provisioners: readonly Provisioner[]): ProvisionerRegistry {
  const byKind = new Map<string, Provisioner>();
  for (const provisioner of provisioners) {
    if (byKind.has(provisioner.kind)) throw new Error(`Two provisioners are registered as "${provisioner.kind}".`);
    byKind.set(provisioner.kind, provisioner);
  }
  if (byKind.size === 0) throw new Error('No provisioner is registered: this server could not run any workspace.');
  return {
    all: [...byKind.values()],
    find(kind) {
      const provisioner = byKind.get(kind);
      if (provisioner !== undefined) return { ok: true, provisioner };
      const known = [...byKind.keys()].map((name) => `"${name}"`).join(', ');
      return { ok: false, reason: `No backend "${kind}" is configured on this server. Configured: ${known}.` };
    },
  };
}
