-- What a start needs to know of the starts before it: whether there was a successful one, what it ran with, which
-- content of a template it laid, and for which template the files of an org were composed.

alter table workspaces
  -- When an instance became ready for the first time; null: never. Tells an emptied volume from one not yet filled.
  add column provisioned_at        timestamptz,
  -- Hash of the template's files as they were laid; null beside a name: not known.
  add column applied_template_hash text,
  -- The spec of the last instance that was really started.
  add column started_spec          jsonb,
  -- The template that the files in workspace_seed_files lie over; '': over none. They belong to no other template. Null:
  -- not known, as for what an earlier release writes beside this one; then they lie over any.
  add column seeded_for            text;

-- Not the very moment, but not after it.
update workspaces set provisioned_at = created_at
 where backend <> 'external' and (online_since is not null or instance is not null);
update workspaces set seeded_for = coalesce(template, '') where applied_template is not distinct from template;
