import { refuse } from '../../platform/http/app-error.js';

/** Who made something with an org token, for the record. */
export interface OrgTokenIdentity {
  readonly id: string;
  readonly prefix: string;
  /** The root workspace it belongs to; null for the whole server. */
  readonly orgId: string | null;
}

/** Who is calling, once a gate has decided (contract registry-a2a §2). Handlers read this and never a header. */
export type Actor =
  | { readonly kind: 'admin'; readonly via: 'admin_token' | 'session' | 'development' }
  | { readonly kind: 'admin'; readonly via: 'org_token'; readonly token: OrgTokenIdentity }
  | { readonly kind: 'workspace'; readonly id: string }
  /** The revoked token of a removed workspace, asking about that very workspace (design §9). */
  | { readonly kind: 'tombstone'; readonly id: string }
  /**
   * Somebody who claims to be the workspace named in the body, with what was presented as proof. The registry checks it
   * together with the write it is for, so that a heartbeat costs one statement (design §4.5).
   */
  | {
      readonly kind: 'claimant';
      /** Null when the body names something that is no workspace id. */
      readonly id: string | null;
      /** SHA-256 of the bearer; null when there was none. */
      readonly tokenHash: Buffer | null;
    }
  | { readonly kind: 'anonymous' };

/** The administrator that the gate of an `admin` route let in; it lets in nobody else. */
export function asAdmin(actor: Actor): Extract<Actor, { kind: 'admin' }> {
  return actor.kind === 'admin' ? actor : refuse('admin_auth_required');
}

/** Who did it, for the record, as the contract writes it (registry-a2a §3.5). */
export function describeActor(actor: Actor): string {
  switch (actor.kind) {
    case 'admin':
      if (actor.via === 'org_token') return `org-token:${actor.token.prefix}`;
      // In development mode nobody brings the admin token, and everybody may what it may.
      return actor.via === 'session' ? 'session' : 'admin-token';
    case 'workspace':
    case 'tombstone':
      return `workspace:${actor.id}`;
    case 'claimant':
      return `workspace:${actor.id ?? 'unknown'}`;
    case 'anonymous':
      return 'anonymous';
    default: {
      const unreachable: never = actor;
      throw new Error(`no name for actor ${String(unreachable)}`);
    }
  }
}
