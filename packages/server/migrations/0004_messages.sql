-- The ledger: the only record of work between parties (design §4.5). A row is written before the first byte leaves.

create table messages (
  id              uuid primary key,
  seq             bigint generated always as identity unique,
  kind            text not null,
  -- null: a human at the canvas, or the server itself (kind 'system').
  caller_id       uuid,
  target_id       uuid not null,
  -- The A2A messageId, chosen by the sender or by us; repeated deliveries carry the same one.
  message_id      text not null,
  method          text not null,
  body            jsonb not null,
  task_preview    text not null default '',
  task_hash       bytea,
  idempotency_key text,
  -- The message whose work led to this one, for the depth limit.
  cause_id        uuid,
  depth           integer not null default 0,

  state           text not null default 'queued',
  reason          text,
  error_detail    text,
  result          jsonb,
  result_preview  text,
  late            boolean not null default false,
  attempts        integer not null default 0,
  deadline        timestamptz,
  due_at          timestamptz not null default now(),
  lease_owner     uuid,
  lease_until     timestamptz,
  dispatched_at   timestamptz,
  last_heartbeat  timestamptz,
  ended_at        timestamptz,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),

  constraint messages_kind_known check (kind in ('chat', 'peer', 'delegation', 'system')),
  constraint messages_state_known
    check (state in ('queued', 'working', 'input_required', 'completed', 'failed', 'canceled', 'stuck')),
  constraint messages_failed_has_reason check (state not in ('failed', 'stuck') or reason is not null)
);
create unique index messages_once on messages (target_id, message_id);
create unique index messages_idempotency on messages (caller_id, idempotency_key) where idempotency_key is not null;
create index messages_claimable on messages (due_at, seq) where state = 'queued';
create index messages_working on messages (lease_until) where state = 'working';
create index messages_by_caller on messages (caller_id, kind, seq desc) where caller_id is not null;
create index messages_open_by_target on messages (target_id) where state in ('queued', 'working', 'input_required');
create index messages_by_deadline on messages (deadline) where state in ('queued', 'working', 'input_required');
