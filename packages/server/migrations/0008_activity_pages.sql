-- Pages of the activity log cost what they show, however long the log is.

-- Through an index on `seq` alone a page of one workspace is read past the rows of all others, which is what the planner
-- chose for rare kinds of rows. Identity keeps the numbers apart without it.
alter table activity_logs drop constraint activity_logs_seq_key;

-- What people said, and what was said to them, among the many messages of agents.
create index activity_logs_by_people on activity_logs (workspace_id, activity_type, seq) where source_id is null;
