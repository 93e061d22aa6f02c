-- The model an owner chose is kept where clients look for it and where every start reads it: a secret of the workspace
-- under its historic name. What was chosen before lies in the spec only. The name of a model is no secret, so version 0
-- (plaintext) tells nobody anything; setting it again stores it in the present form.
insert into workspace_secrets (workspace_id, key, encrypted_value, encryption_version, key_id)
select id, 'MODEL_PROVIDER', convert_to(spec ->> 'model', 'UTF8'), 0, null
  from workspaces
 where coalesce(spec ->> 'model', '') <> ''
on conflict (workspace_id, key) do nothing;
