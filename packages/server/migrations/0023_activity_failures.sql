-- What went wrong is rare in a log that is long: a page of it alone must not walk through everything else.
create index activity_logs_by_failure on activity_logs (workspace_id, seq) where status in ('error', 'failed', 'stuck');
