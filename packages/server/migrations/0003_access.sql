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

-- What a presented token is worth, defined once: every door joins this view, alone or in a set-based statement. A token
-- that a driver minted counts only for its own generation, so a late instance is refused even before it is revoked.
create view workspace_credentials as
select t.id as token_id,
       t.token_hash,
       t.workspace_id,
       w.status = 'removed' as removed,
       t.revoked_at is null
         and w.status <> 'removed'
         and (t.generation is null or t.generation = w.generation) as live
  from workspace_auth_tokens as t
  join workspaces as w on w.id = t.workspace_id;

-- Whoever mints: a workspace that has once had a token can no longer be claimed without one. Revoking every token must
-- not open it to strangers.
create function close_bootstrap() returns trigger
language plpgsql as $$
begin
  update workspaces set may_bootstrap = false where id = new.workspace_id and may_bootstrap;
  return null;
end
$$;
create trigger workspace_auth_tokens_close_bootstrap
  after insert on workspace_auth_tokens
  for each row execute function close_bootstrap();
