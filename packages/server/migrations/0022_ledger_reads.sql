-- Reads of a large ledger that cost what they show.

-- Nothing looks a message up by its place in the ledger alone, and the sequence itself never gives a place twice. With an
-- index on it, what one caller, target or state has last was looked for by walking the whole ledger backward: quick for
-- who is at work, and the length of the ledger for who has fallen silent.
alter table messages drop constraint messages_seq_key;

-- Tasks of one conversation, and those that people began.
create index messages_tasks_by_context on messages (target_id, context_id, seq desc)
  where task_id is null and context_id is not null;
create index messages_tasks_of_people on messages (target_id, seq desc) where task_id is null and caller_id is null;
