/** Who is calling, once a gate has decided (contract registry-a2a §2). Handlers read this and never a header. */
export type Actor =
  | { readonly kind: 'admin'; readonly via: 'admin_token' | 'session' | 'development' | 'org_token' }
  | { readonly kind: 'workspace'; readonly id: string }
  /** The revoked token of a removed workspace, asking about that very workspace (design §9). */
  | { readonly kind: 'tombstone'; readonly id: string }
  | { readonly kind: 'anonymous' };
