-- Encrypted values: version 2 = AES-256-GCM with scope|workspace|key as additional data and a key id.
-- Versions 0 and 1 are the predecessor's.

create table global_secrets (
  key                text primary key,
  encrypted_value    bytea not null,
  encryption_version integer not null,
  key_id             text,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now()
);

create table workspace_secrets (
  workspace_id       uuid not null references workspaces (id) on delete cascade,
  key                text not null,
  encrypted_value    bytea not null,
  encryption_version integer not null,
  key_id             text,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  primary key (workspace_id, key)
);
