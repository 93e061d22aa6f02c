-- What the lifecycle verbs need: which template was laid into the configuration folder last, which one the next start
-- lays over it, and since when an agent has had nothing to do.

alter table workspaces
  -- Name of the template whose files the folder got last; null: none, or not yet.
  add column applied_template         text,
  -- Asked for by a restart: the next start lays this template over the folder. Null: the folder stays as it is.
  add column pending_template         text,
  -- Minutes without a task after which it hibernates; null: never.
  add column hibernation_idle_minutes integer,
  add constraint workspaces_hibernation_idle_minutes_positive check (hibernation_idle_minutes > 0);

-- A folder that has been started from a template holds it: a restart must not lay it over its owner's edits.
update workspaces set applied_template = template where observed_generation > 0 and template is not null;

alter table workspace_liveness add column idle_since timestamptz;
create index workspaces_hibernating_when_idle on workspaces (id) where hibernation_idle_minutes is not null;
