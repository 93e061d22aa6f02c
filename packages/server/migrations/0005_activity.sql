-- What happened in a workspace, for people and for poll clients. Rows outlive the workspace.

create table activity_logs (
  id            uuid primary key,
  seq           bigint generated always as identity unique,
  workspace_id  uuid not null,
  activity_type text not null,
  source_id     uuid,
  target_id     uuid,
  method        text,
  summary       text,
  request_body  jsonb,
  response_body jsonb,
  tool_trace    jsonb,
  duration_ms   integer,
  status        text not null default 'ok',
  error_detail  text,
  -- The A2A message or delegation the row is a projection of; null for what an agent reports itself.
  message_id    text,
  -- Size of the bodies as they were written. Adding up text lengths at read time would unpack every body of a page
  -- only to throw most of them away.
  body_bytes    integer not null default 0,
  created_at    timestamptz not null default now()
);
create index activity_logs_by_workspace on activity_logs (workspace_id, seq);
create index activity_logs_by_type on activity_logs (workspace_id, activity_type, seq);
create index activity_logs_by_source on activity_logs (workspace_id, source_id, seq) where source_id is not null;
create index activity_logs_by_target on activity_logs (workspace_id, target_id, seq) where target_id is not null;
create index activity_logs_by_age on activity_logs (created_at);
