import type { Timestamp } from '../../platform/platform.tables.js';

interface EncryptedColumns {
  key: string;
  encrypted_value: Buffer;
  encryption_version: number;
  key_id: string | null;
  created_at: Timestamp;
  updated_at: Timestamp;
}

export interface SecretsTables {
  global_secrets: EncryptedColumns;
  workspace_secrets: EncryptedColumns & { workspace_id: string };
}
