-- Tasks of the standard A2A endpoints (design §7). A task is a row of the ledger, or a first row and its continuations.

alter table messages
  -- The task that this message continues: the id of its first row. Null for a row that begins one.
  add column task_id uuid,
  -- The A2A contextId, where the sender gave one or got one from us. A row without is a context of its own.
  add column context_id text;

create index messages_turns on messages (task_id, seq) where task_id is not null;
create index messages_tasks on messages (target_id, seq desc) where task_id is null;

-- Whom to tell when a task changes. What is to be told follows from the task itself, so that a crash loses nothing.
create table task_push_configs (
  task_id    uuid not null,
  id         text not null,
  target_id  uuid not null,
  url        text not null,
  -- Token and credentials of the receiver, encrypted with the secrets key; null: none.
  sealed     bytea,
  key_id     text,
  -- The dialect in which it was asked for.
  version    text not null,
  -- This server as the client reached it: who signs.
  origin     text not null,
  -- The turn and state that was told last, or was given up.
  told       text not null default '',
  attempts   integer not null default 0,
  due_at     timestamptz not null default now(),
  last_error text,
  -- Told of the end: nothing more to come.
  done       boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (task_id, id)
);
create index task_push_configs_due on task_push_configs (due_at) where not done;
