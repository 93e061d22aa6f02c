-- A restart may ask the agent to forget its conversations: the next start hands the wish on.
alter table workspaces add column pending_reset boolean not null default false;

-- What a driver holds and no workspace accounts for, as the orphan sweep of its host saw it.
create table orphan_instances (
  seq           bigint generated always as identity unique,
  backend       text not null,
  -- Of the server whose driver listed it; empty for backends that are bound to no host.
  host_id       text not null,
  workspace_id  uuid not null,
  instance_id   text,
  generation    bigint not null,
  running       boolean not null,
  reason        text not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at  timestamptz not null default now(),
  -- What the sweep did about it, and why that failed; null while it only watches.
  action        text,
  error         text,
  -- No longer seen. Kept for a while, so that somebody can read what happened.
  resolved_at   timestamptz,
  primary key (backend, host_id, workspace_id),
  constraint orphan_instances_reason_known check (reason in ('workspace_removed', 'workspace_unknown', 'older_generation')),
  constraint orphan_instances_action_known check (action in ('stopped', 'destroyed'))
);
