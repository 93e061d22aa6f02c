-- Org tokens: what ADMIN_TOKEN may, with a name, and revocable one by one (contract registry-a2a §2.2). Only hashes are
-- stored. `org_id` is a root workspace; without one a token is of the whole server.
create table org_api_tokens (
  id           uuid primary key,
  token_hash   bytea not null unique,
  prefix       text not null,
  name         text,
  created_by   text not null,
  org_id       uuid references workspaces (id) on delete set null,
  created_at   timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at   timestamptz
);
create index org_api_tokens_live on org_api_tokens (created_at desc, id desc) where revoked_at is null;
create index org_api_tokens_org on org_api_tokens (org_id) where org_id is not null;

-- What a list of sessions shows. The id is public: the hash of the cookie never leaves the database.
alter table sessions
  add column id         uuid not null default gen_random_uuid() unique,
  add column user_agent text,
  add column address    text;
