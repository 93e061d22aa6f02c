-- When the current task began. A beat can so tell that it changed the task without reading the row before it writes it,
-- and a person can be told how long an agent has been at it.
alter table workspace_liveness add column current_task_since timestamptz;
