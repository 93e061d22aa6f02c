-- What an org template asks for beside its workspaces, and where an imported bundle came from.

-- Id of the bundle a workspace was imported from; null for all others.
alter table workspaces add column source_bundle_id text;

create table workspace_schedules (
  id                     uuid primary key,
  workspace_id           uuid not null references workspaces (id) on delete cascade,
  name                   text not null,
  -- Five fields, read in `timezone` (IANA).
  cron_expr              text not null,
  timezone               text not null default 'UTC',
  prompt                 text not null,
  enabled                boolean not null default true,
  -- template: an org import may refresh it; runtime: made by a person or an agent, never touched by an import.
  source                 text not null,
  last_run_at            timestamptz,
  next_run_at            timestamptz,
  run_count              integer not null default 0,
  last_status            text,
  last_error             text,
  consecutive_empty_runs integer not null default 0,
  created_at             timestamptz not null default now(),
  updated_at             timestamptz not null default now(),
  constraint workspace_schedules_by_name unique (workspace_id, name),
  constraint workspace_schedules_source_known check (source in ('template', 'runtime'))
);
create index workspace_schedules_due on workspace_schedules (next_run_at) where enabled;

create table workspace_channels (
  id              uuid primary key,
  workspace_id    uuid not null references workspaces (id) on delete cascade,
  channel_type    text not null,
  -- Values that let somebody speak for the workspace are sealed one by one, the others readable.
  channel_config  jsonb not null,
  enabled         boolean not null default true,
  -- Empty: everybody.
  allowed_users   jsonb not null default '[]',
  last_message_at timestamptz,
  message_count   integer not null default 0,
  channel_budget  integer,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint workspace_channels_by_type unique (workspace_id, channel_type)
);
