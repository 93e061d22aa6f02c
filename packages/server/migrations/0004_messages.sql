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
  -- json and not jsonb: a redelivery sends what the first delivery sent, and nothing is ever searched in it.
  body            json not null,
  task_preview    text not null default '',
  task_hash       bytea,
  idempotency_key text,
  -- The message whose work led to this one, for the depth limit.
  cause_id        uuid,
  depth           integer not null default 0,

  state           text not null default 'queued',
  reason          text,
  error_detail    text,
  -- The agent's JSON-RPC answer, kept so that a repeated message id is answered without a second run.
  result          json,
  result_preview  text,
  late            boolean not null default false,
  -- Deliveries tried, and those of them that failed. Being told "busy" is no failure, so it never exhausts a message.
  attempts        integer not null default 0,
  failures        integer not null default 0,
  deadline        timestamptz,
  due_at          timestamptz not null default now(),
  -- For a working row: who waits for its answer. lease_until null means that it lies in an inbox and nobody here does.
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
create index messages_claimable on messages (target_id, due_at, seq) where state = 'queued';
create index messages_working on messages (lease_until) where state = 'working';
create index messages_by_caller on messages (caller_id, kind, seq desc) where caller_id is not null;
create index messages_open_by_target on messages (target_id, state, seq)
  where state in ('queued', 'working', 'input_required');
create index messages_by_deadline on messages (deadline) where state in ('queued', 'working', 'input_required');
create index messages_by_end on messages (ended_at) where ended_at is not null;
-- Loop limits: how many delegations a caller has open, and how often it asked the same of the same peer.
create index messages_open_by_caller on messages (caller_id)
  where kind = 'delegation' and state in ('queued', 'working', 'input_required');
create index messages_by_task on messages (caller_id, task_hash, created_at) where task_hash is not null;
