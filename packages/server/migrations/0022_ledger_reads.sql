-- Reads of a large ledger that cost what they show: tasks of one conversation, and those that people began.
create index messages_tasks_by_context on messages (target_id, context_id, seq desc)
  where task_id is null and context_id is not null;
create index messages_tasks_of_people on messages (target_id, seq desc) where task_id is null and caller_id is null;
