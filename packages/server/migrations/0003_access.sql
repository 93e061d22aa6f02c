-- Credentials. Only hashes are stored.

create table workspace_auth_tokens (
  id           uuid primary key,
  workspace_id uuid not null references workspaces (id) on delete cascade,
  token_hash   bytea not null unique,
  prefix       text not null,
  -- The generation a driver minted it for; null for tokens a person or a register call asked for.
  generation   bigint,
  created_at   timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at   timestamptz
);
create index workspace_auth_tokens_live on workspace_auth_tokens (workspace_id) where revoked_at is null;

create table sessions (
  id_hash      bytea primary key,
  created_at   timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at   timestamptz not null
);

create table login_links (
  token_hash bytea primary key,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at    timestamptz
);
