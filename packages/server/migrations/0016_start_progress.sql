-- What a long start is doing, for people, and when it last got on: a start that installs a program first may take longer
-- than its limit as long as the install makes progress. '' and null beside what an earlier release writes: nothing told.
alter table workspaces
  add column start_progress    text not null default '',
  add column start_progress_at timestamptz;
