/** Who is calling, once a gate has decided (contract registry-a2a §2). Handlers read this and never a header. */
export type Actor =
  | { readonly kind: 'admin'; readonly via: 'admin_token' | 'session' | 'development' | 'org_token' }
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
