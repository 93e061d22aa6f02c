import type { Generated } from 'kysely';
import type { NullableTimestamp, Timestamp } from '../../platform/platform.tables.js';

export interface AccessTables {
  workspace_auth_tokens: {
    id: string;
    workspace_id: string;
    token_hash: Buffer;
    prefix: string;
    generation: number | null;
    created_at: Timestamp;
    last_used_at: NullableTimestamp;
    revoked_at: NullableTimestamp;
  };
  org_api_tokens: {
    id: string;
    token_hash: Buffer;
    prefix: string;
    name: string | null;
    created_by: string;
    org_id: string | null;
    created_at: Timestamp;
    last_used_at: NullableTimestamp;
    revoked_at: NullableTimestamp;
  };
  sessions: {
    id_hash: Buffer;
    id: Generated<string>;
    created_at: Timestamp;
    last_seen_at: Timestamp;
    expires_at: Timestamp;
    user_agent: string | null;
    address: string | null;
  };
  login_links: { token_hash: Buffer; created_at: Timestamp; expires_at: Timestamp; used_at: NullableTimestamp };
}
