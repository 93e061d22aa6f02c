-- A workspace: what its owner asked for (spec, desired, generation), what was observed, and its status.

create type workspace_status as enum (
  'provisioning', 'online', 'degraded', 'offline', 'awaiting_agent',
  'paused', 'hibernating', 'hibernated', 'failed', 'removed'
);

create table workspaces (
  id                      uuid primary key,
  seq                     bigint generated always as identity unique,
  name                    text not null,
  role                    text,
  parent_id               uuid references workspaces (id),
  awareness_namespace     text not null,

  -- The whole of what a start needs. Runtime, tier and template are read from it so that there is one truth.
  spec                    jsonb not null,
  runtime                 text not null generated always as (spec ->> 'runtime') stored,
  tier                    integer not null generated always as ((spec ->> 'tier')::integer) stored,
  template                text generated always as (spec ->> 'template') stored,

  status                  workspace_status not null default 'provisioning',
  status_changed_at       timestamptz not null default now(),
  last_sample_error       text,
  failure_reason          text,

  -- Desired state (design §4.3). A row is due when generation <> observed_generation or due_at has come.
  desired                 text not null default 'running',
  generation              bigint not null default 1,
  observed_generation     bigint not null default 0,
  backend                 text not null,
  host_id                 uuid,
  instance                jsonb,
  instance_state          text not null default 'none',
  -- Why the last attempt to stop the instance failed; null when there is nothing to report.
  stop_error              text,
  due_at                  timestamptz,
  lease_owner             uuid,
  lease_until             timestamptz,
  crash_count             integer not null default 0,
  crash_window_started_at timestamptz,
  online_since            timestamptz,

  -- What the agent said about itself.
  agent_card              jsonb,
  url                     text,
  url_from                text not null default 'none',
  delivery_mode           text,
  may_bootstrap           boolean not null default true,
  platform_inbound_secret text,

  budget_limit            bigint,
  monthly_spend           bigint not null default 0,
  last_outbound_at        timestamptz,
  created_at              timestamptz not null default now(),
  updated_at              timestamptz not null default now(),
  removed_at              timestamptz,

  constraint workspaces_failed_has_reason check (status <> 'failed' or last_sample_error is not null),
  constraint workspaces_desired_known check (desired in ('running', 'stopped', 'removed')),
  constraint workspaces_instance_state_known
    check (instance_state in ('none', 'starting', 'running', 'stopping', 'stopped', 'gone', 'unknown')),
  constraint workspaces_url_from_known check (url_from in ('none', 'driver', 'agent')),
  constraint workspaces_delivery_mode_known check (delivery_mode in ('push', 'poll')),
  constraint workspaces_not_own_parent check (parent_id is distinct from id)
);
create index workspaces_by_parent on workspaces (parent_id);
create index workspaces_by_status on workspaces (status);
create index workspaces_unobserved on workspaces (seq) where generation <> observed_generation;
create index workspaces_due on workspaces (due_at) where due_at is not null;
create index workspaces_leased on workspaces (lease_owner) where lease_owner is not null;

-- Written by every heartbeat; narrow and half empty so that an update stays on its page and never touches the row above.
create table workspace_liveness (
  workspace_id         uuid primary key references workspaces (id) on delete cascade,
  last_heartbeat_at    timestamptz,
  active_tasks         integer not null default 0,
  uptime_seconds       integer not null default 0,
  current_task         text not null default '',
  error_rate           double precision not null default 0,
  sample_error         text not null default '',
  runtime_state        text not null default '',
  capabilities         jsonb,
  idle_timeout_seconds integer,
  demo                 boolean not null default false,
  model                text
) with (fillfactor = 50);

-- Prompts and files of an org node, composed once; first start and empty-volume recovery write them.
create table workspace_seed_files (
  workspace_id uuid not null references workspaces (id) on delete cascade,
  path         text not null,
  content      bytea not null,
  primary key (workspace_id, path)
);

-- Relative to the parent card.
create table canvas_layouts (
  workspace_id uuid primary key references workspaces (id) on delete cascade,
  x            double precision not null default 0,
  y            double precision not null default 0,
  w            double precision,
  h            double precision,
  z            integer not null default 0,
  collapsed    boolean not null default false
);
