// Every table has one owner: the folder whose stores may name it. A new table starts with a line here.

const feature = (/** @type {string} */ name) => `packages/server/src/features/${name}/`;
const platform = 'packages/server/src/platform/';

/** @type {Record<string, string>} */
export const TABLE_OWNERS = {
  workspaces: feature('workspaces'),
  workspace_liveness: feature('workspaces'),
  workspace_seed_files: feature('workspaces'),
  canvas_layouts: feature('workspaces'),
  orphan_instances: feature('workspaces'),
  workspace_config: feature('workspaces'),
  canvas_viewport: feature('canvas'),
  agents: feature('agents'),
  workspace_auth_tokens: feature('access'),
  org_api_tokens: feature('access'),
  sessions: feature('access'),
  login_links: feature('access'),
  events: platform,
  event_counter: platform,
  server_hosts: platform,
  schema_migrations: platform,
  settings: platform,
  messages: feature('messages'),
  task_push_configs: feature('a2a'),
  activity_logs: feature('activity'),
  global_secrets: feature('secrets'),
  workspace_secrets: feature('secrets'),
  workspace_schedules: feature('schedules'),
  workspace_channels: feature('channels'),
};
