-- Tasks of the standard A2A endpoints (design §7). A task is a row of the ledger, or a first row and its continuations.

alter table messages
  -- The task that this message continues: the id of its first row. Null for a row that begins one.
  add column task_id uuid,
  -- The A2A contextId, where the sender gave one or got one from us. A row without is a context of its own.
  add column context_id text;

create index messages_turns on messages (task_id, seq) where task_id is not null;
create index messages_tasks on messages (target_id, seq desc) where task_id is null;
