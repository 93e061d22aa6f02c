-- What the platform itself needs: the event log, settings, and who is running.

create table settings (
  key        text primary key,
  value      jsonb not null,
  updated_at timestamptz not null default now()
);

-- One row per server process that has ever served this database; `seen_at` is its heartbeat.
create table server_hosts (
  id         uuid primary key,
  name       text not null,
  started_at timestamptz not null default now(),
  seen_at    timestamptz not null default now()
);

-- The event log (design §4.4): seq is dense and in commit order, because it is handed out under an advisory lock that
-- is held until commit. Order and cursors come from seq only.
create table events (
  seq          bigint primary key,
  type         text not null,
  workspace_id uuid,
  payload      jsonb not null,
  at           timestamptz not null default now(),
  constraint events_payload_size check (octet_length(payload::text) <= 16384)
);
create index events_by_workspace on events (workspace_id, seq) where workspace_id is not null;

create table event_counter (
  only_row boolean primary key default true check (only_row),
  last_seq bigint not null
);
insert into event_counter (last_seq) values (0);

-- Appends events in the order given and returns their sequence numbers. Must be the last statement of a transaction:
-- everything that commits after it waits for this lock, so nothing else may be locked or computed after it.
create function append_events(batch jsonb) returns setof bigint
language plpgsql as $$
declare
  base bigint;
  n    bigint := jsonb_array_length(batch);
begin
  if n = 0 then
    return;
  end if;
  perform pg_advisory_xact_lock(7021, 1);
  update event_counter set last_seq = last_seq + n returning last_seq - n into base;
  return query
    insert into events (seq, type, workspace_id, payload, at)
    select base + e.ordinality,
           e.value ->> 'type',
           (e.value ->> 'workspace_id')::uuid,
           e.value -> 'payload',
           clock_timestamp()
      from jsonb_array_elements(batch) with ordinality as e(value, ordinality)
     order by e.ordinality
    returning events.seq;
end
$$;
