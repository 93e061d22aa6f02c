-- Who works in a workspace, the free configuration that clients keep for one, and where the canvas was left.

create table agents (
  id             uuid primary key,
  workspace_id   uuid not null references workspaces (id) on delete cascade,
  model          text not null,
  status         text not null default 'active' check (status in ('active', 'replaced', 'removed')),
  removed_at     timestamptz,
  removal_reason text,
  created_at     timestamptz not null default now(),
  check ((status = 'active') = (removed_at is null))
);
-- Two assignments at once must not both succeed.
create unique index agents_one_active on agents (workspace_id) where status = 'active';
create index agents_of_workspace on agents (workspace_id, created_at);

create table workspace_config (
  workspace_id uuid primary key references workspaces (id) on delete cascade,
  data         jsonb not null default '{}',
  updated_at   timestamptz not null default now()
);

create table canvas_viewport (
  id       uuid primary key,
  x        double precision not null default 0,
  y        double precision not null default 0,
  zoom     double precision not null default 1,
  saved_at timestamptz not null default now()
);
