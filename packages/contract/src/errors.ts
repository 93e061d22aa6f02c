import Type, { type Static } from 'typebox';

interface ErrorSpec {
  readonly status: number;
  /** May the very same request succeed later without the caller changing anything? */
  readonly retry: boolean;
  /** The default `error` text. Byte-exact where the contract gives one. */
  readonly text: string;
  /** What to do next, in words a person can act on. */
  readonly help: string;
}

/**
 * The closed set of refusals. A handler names a code, never a status. `error` texts that the contract fixes are
 * byte-exact because shipped clients and scripts compare them.
 */
export const ERRORS = {
  // --- any route
  invalid_request_body: {
    status: 400,
    retry: false,
    text: 'invalid request body',
    help: 'Send a JSON object with the fields documented for this route at /docs.',
  },
  invalid_json: { status: 400, retry: false, text: 'invalid JSON', help: 'The body must be one JSON object.' },
  invalid_query: {
    status: 400,
    retry: false,
    text: 'invalid query parameter',
    help: 'Correct the named query parameter; /docs lists what each accepts.',
  },
  body_too_large: {
    status: 413,
    retry: false,
    text: 'request body too large',
    help: 'Send at most the size documented for this route (1 MiB unless stated).',
  },
  unsupported_media_type: {
    status: 415,
    retry: false,
    text: 'unsupported media type',
    help: 'Send the body as application/json.',
  },
  route_not_found: {
    status: 404,
    retry: false,
    text: 'not found',
    help: 'There is no such route. /docs lists every route of this server.',
  },
  download_not_built: {
    status: 404,
    retry: false,
    text: 'this program was not built with the server',
    help: 'Whoever runs the server runs "npm run build" there and starts it again.',
  },
  method_not_allowed: {
    status: 405,
    retry: false,
    text: 'method not allowed',
    help: 'Use one of the methods named in the Allow header.',
  },
  misdirected_request: {
    status: 421,
    retry: false,
    text: 'misdirected request',
    help: 'Open the server by localhost, 127.0.0.1 or its configured public URL.',
  },
  origin_not_allowed: {
    status: 403,
    retry: false,
    text: 'origin not allowed',
    help: 'Only pages of this server and of the origins in CORS_ORIGINS may call it. Add the origin there; behind a proxy that changes the Host header set EXTERNAL_PLATFORM_URL.',
  },
  rate_limited: {
    status: 429,
    retry: true,
    text: 'rate limit exceeded',
    help: 'Wait for the number of seconds in Retry-After. RATE_LIMIT sets the limit.',
  },
  platform_unavailable: {
    status: 503,
    retry: true,
    text: 'platform datastore unavailable — retry shortly',
    help: 'The server cannot reach its database at the moment. Nothing was changed; retry.',
  },
  shutting_down: {
    status: 503,
    retry: true,
    text: 'server is shutting down',
    help: 'Retry in a moment; the server is restarting or another replica will answer.',
  },
  internal: {
    status: 500,
    retry: false,
    text: 'internal error',
    help: 'This is a defect of the server. The request id in the answer names the log entry.',
  },

  // --- credentials (contract registry-a2a §2)
  admin_auth_required: {
    status: 401,
    retry: false,
    text: 'admin auth required',
    help: 'Log in with the link from "./molecule login-link", or send Authorization: Bearer <ADMIN_TOKEN>.',
  },
  invalid_admin_token: {
    status: 401,
    retry: false,
    text: 'invalid admin auth token',
    help: 'This route needs the admin token; workspace tokens are not accepted here.',
  },
  missing_workspace_token: {
    status: 401,
    retry: false,
    text: 'missing workspace auth token',
    help: 'Send the token of this workspace as Authorization: Bearer <token>.',
  },
  invalid_workspace_token: {
    status: 401,
    retry: false,
    text: 'invalid workspace auth token',
    help: 'The token is wrong, revoked, or belongs to another or a removed workspace.',
  },
  missing_caller_token: {
    status: 401,
    retry: false,
    text: 'missing caller auth token',
    help: 'A call in the name of a workspace needs that workspace’s own token.',
  },
  invalid_caller_token: {
    status: 401,
    retry: false,
    text: 'invalid caller auth token',
    help: 'The token does not belong to the workspace named as the caller.',
  },
  invalid_caller_id: {
    status: 403,
    retry: false,
    text: 'invalid caller ID',
    help: 'The prefixes webhook:, system:, test: and channel: are reserved for the server itself.',
  },
  access_denied: {
    status: 403,
    retry: false,
    text: 'access denied: workspaces cannot communicate per hierarchy rules',
    help: 'Only siblings and workspaces on one line of the tree may talk. Move one of them, or go through a common lead.',
  },
  invalid_session: {
    status: 401,
    retry: false,
    text: 'invalid session',
    help: 'Log in again with a new link from "./molecule login-link".',
  },
  session_not_found: {
    status: 404,
    retry: false,
    text: 'session not found or already ended',
    help: 'GET /sessions lists those that have not ended.',
  },
  login_link_invalid: {
    status: 401,
    retry: false,
    text: 'login link is invalid or already used',
    help: 'Links work once and for 15 minutes. Print a new one with "./molecule login-link".',
  },

  token_not_found: {
    status: 404,
    retry: false,
    text: 'token not found or already revoked',
    help: 'List the live tokens; an id that is not among them has been revoked, or never was one.',
  },
  too_many_workspace_tokens: {
    status: 429,
    retry: false,
    text: 'maximum 50 active tokens per workspace',
    help: 'Revoke tokens that nobody uses any more: GET /workspaces/:id/tokens tells when each was used last.',
  },
  org_token_name_too_long: {
    status: 400,
    retry: false,
    text: 'name too long (max 100 chars)',
    help: 'Give the token a name of at most 100 characters.',
  },
  not_a_root_workspace: {
    status: 400,
    retry: false,
    text: 'org_id must be a root workspace',
    help: 'Name the id of a workspace that has no parent, or leave org_id out for a token of the whole server.',
  },
  org_token_of_another_org: {
    status: 403,
    retry: false,
    text: 'an org token makes tokens of its own org only',
    help: 'Leave org_id out, or make the token as an administrator.',
  },

  metrics_token_required: {
    status: 401,
    retry: false,
    text: 'metrics token required',
    help: 'METRICS_TOKEN is set: send it as Authorization: Bearer <token>.',
  },

  // --- workspaces (contract lifecycle §1, §2)
  invalid_workspace_id: {
    status: 400,
    retry: false,
    text: 'invalid workspace ID',
    help: 'A workspace id is a UUID. List them with GET /workspaces or "./molecule ws ls".',
  },
  workspace_not_found: {
    status: 404,
    retry: false,
    text: 'workspace not found',
    help: 'Check the id; GET /workspaces lists what exists.',
  },
  workspace_removed: {
    status: 410,
    retry: false,
    text: 'workspace removed',
    help: 'The workspace was removed. Create a new one; ?include_removed=true shows the old record to an admin.',
  },
  invalid_workspace_payload: {
    status: 400,
    retry: false,
    text: 'invalid workspace payload',
    help: 'Send a JSON object with at least a non-empty name; field types are listed at /docs.',
  },
  invalid_workspace_fields: {
    status: 400,
    retry: false,
    text: 'invalid workspace fields',
    help: 'name ≤ 255 bytes, role ≤ 1000, model and runtime ≤ 100; no line breaks; none of { } [ ] | > * & ! in name or role.',
  },
  invalid_template: {
    status: 400,
    retry: false,
    text: 'invalid template',
    help: 'The template name must be a folder directly inside a templates directory.',
  },
  unknown_template: {
    status: 400,
    retry: false,
    text: 'unknown template',
    help: 'GET /templates lists the known templates; GET /templates/problems lists those that cannot be read.',
  },
  invalid_workspace_directory: {
    status: 400,
    retry: false,
    text: 'invalid workspace directory',
    help: 'Give an absolute path without "..", outside the system directories.',
  },
  workspace_dir_refused: {
    status: 403,
    retry: false,
    text: 'workspace_dir can only be changed by an administrator',
    help: 'The folder lies on the machine of this server, outside of the workspace; ask whoever runs the server.',
  },
  invalid_workspace_access: {
    status: 400,
    retry: false,
    text: 'invalid workspace access',
    help: 'Use none, read_only or read_write; the last two need workspace_dir.',
  },
  invalid_field: {
    status: 400,
    retry: false,
    text: 'invalid field',
    help: 'Correct the field named in the error.',
  },
  not_external: {
    status: 400,
    retry: false,
    text: 'only valid for runtime=external workspaces',
    help: 'This server runs that agent and renews its token itself: restart it with POST /workspaces/:id/restart.',
  },
  parent_not_found: {
    status: 400,
    retry: false,
    text: 'parent workspace not found',
    help: 'parent_id must name an existing workspace that is not removed, or be null.',
  },
  parent_cycle: {
    status: 409,
    retry: false,
    text: 'parent would create a cycle',
    help: 'A workspace cannot be placed under itself or one of its own descendants.',
  },
  tree_too_deep: {
    status: 400,
    retry: false,
    text: 'workspace tree is too deep',
    help: 'A tree may have at most 32 levels.',
  },
  confirmation_required: {
    status: 409,
    retry: false,
    text: 'workspace has children; repeat with ?confirm=true to remove them as well',
    help: 'Repeat the call with ?confirm=true.',
  },
  ancestor_paused: {
    status: 409,
    retry: false,
    text: 'a parent workspace is paused — resume it first',
    help: 'Resume the paused workspace named in the error; everything below it starts with it.',
  },
  provisioner_not_available: {
    status: 503,
    retry: false,
    text: 'provisioner not available',
    help: 'The backend that runs this workspace is not configured on this server; GET /admin/liveness and the log name it.',
  },
  workspace_not_pausable: {
    status: 404,
    retry: false,
    text: 'workspace not found or already paused',
    help: 'Only a workspace that exists and is not paused yet can be paused.',
  },
  workspace_not_paused: {
    status: 404,
    retry: false,
    text: 'workspace not found or not paused',
    help: 'Only a paused workspace can be resumed. Use restart for one that failed or hangs.',
  },
  workspace_not_hibernatable: {
    status: 404,
    retry: false,
    text: 'workspace not found or not in a hibernatable state (must be online or degraded)',
    help: 'Only an agent that is online or degraded can hibernate; use pause for any other.',
  },
  runtime_not_installable: {
    status: 404,
    retry: false,
    text: 'there is nothing to install for this runtime',
    help: 'GET /runtimes lists those whose programs are installed by this server.',
  },
  runtime_installs_off: {
    status: 409,
    retry: false,
    text: 'this server may not install anything',
    help: 'Start the server without MOLECULE_RUNTIME_INSTALLS=off, or put the program into its PATH.',
  },
  runtime_in_use: {
    status: 409,
    retry: false,
    text: 'agents of this runtime run on this host',
    help: 'Pause or remove them first.',
  },
  workspace_busy: {
    status: 409,
    retry: true,
    text: 'workspace has active tasks; use ?force=true to terminate them',
    help: 'Wait until it is idle, or repeat with ?force=true: its work then breaks off, and whoever sent it is told to send it again.',
  },
  hibernation_failed: {
    status: 500,
    retry: true,
    text: 'the instance could not be stopped',
    help: 'The workspace is hibernating but its instance still runs. The server goes on trying; repeat the call to see where it stands.',
  },
  stop_failed: {
    status: 500,
    retry: true,
    text: 'workspace marked removed, but a stop call failed — please retry',
    help: 'The record is removed; its instance is not gone yet. The server goes on trying; repeat the call to see where it stands.',
  },
  console_unavailable: {
    status: 501,
    retry: false,
    text: 'console output unavailable on this deployment (no control plane)',
    help: 'The backend of this workspace keeps no output; look where the agent runs.',
  },
  console_failed: {
    status: 502,
    retry: true,
    text: 'control plane returned an error fetching console output',
    help: 'The backend could not be read at the moment; retry. The log of the server says why.',
  },
  config_too_large: {
    status: 413,
    retry: false,
    text: 'body too large or unreadable',
    help: 'The configuration of a workspace may have 256 KiB in all; keep files in its folder instead.',
  },
  agent_already_assigned: {
    status: 409,
    retry: false,
    text: 'workspace already has an active agent, use PATCH to replace',
    help: 'Replace it with PATCH /workspaces/:id/agent, or remove it first.',
  },
  no_agent_to_replace: {
    status: 404,
    retry: false,
    text: 'no active agent to replace',
    help: 'Assign one with POST /workspaces/:id/agent.',
  },
  no_agent_to_remove: {
    status: 404,
    retry: false,
    text: 'no active agent to remove',
    help: 'The workspace has no agent; there is nothing to do.',
  },
  no_agent_to_move: {
    status: 404,
    retry: false,
    text: 'no active agent in source workspace',
    help: 'Assign one to the source first, or move from another workspace.',
  },
  target_workspace_not_found: {
    status: 404,
    retry: false,
    text: 'target workspace not found',
    help: 'target_workspace_id must be the id of a workspace that is not removed.',
  },
  target_has_agent: {
    status: 409,
    retry: false,
    text: 'target workspace already has an active agent',
    help: 'Remove the agent of the target first.',
  },
  invalid_viewport: {
    status: 400,
    retry: false,
    text: 'invalid viewport data',
    help: 'Send x and y as numbers and zoom as a number above 0.',
  },
  invalid_url: {
    status: 400,
    retry: false,
    text: 'invalid workspace URL',
    help: 'Give an http or https URL whose host is publicly routable.',
  },

  // --- registry (contract registry-a2a §5)
  caller_header_required: {
    status: 400,
    retry: false,
    text: 'X-Workspace-ID header is required',
    help: 'Name the calling workspace in X-Workspace-ID and send its token.',
  },
  discover_denied: {
    status: 403,
    retry: false,
    text: 'not authorized to discover this workspace',
    help: 'Only siblings and workspaces on one line of the tree can see each other.',
  },
  workspace_not_available: {
    status: 503,
    retry: true,
    text: 'workspace not available',
    help: 'The workspace has no running agent yet. Retry when its status is online.',
  },
  agent_card_too_large: {
    status: 400,
    retry: false,
    text: 'agent card too large',
    help: 'An agent card may have at most 16 KiB.',
  },

  // --- messages (contract registry-a2a §8, §10; design §7)
  budget_exceeded: {
    status: 402,
    retry: false,
    text: 'workspace budget limit exceeded',
    help: 'Raise the budget of the workspace or wait for the next month.',
  },
  workspace_has_no_url: {
    status: 503,
    retry: true,
    text: 'workspace has no URL',
    help: 'The agent has not registered yet. Retry when the workspace is online.',
  },
  workspace_paused: {
    status: 503,
    retry: false,
    text: 'workspace is paused',
    help: 'Resume the workspace first.',
  },
  workspace_failed: {
    status: 503,
    retry: false,
    text: 'workspace has failed',
    help: 'Its card says why. Correct that and restart the workspace, then send the message again.',
  },
  url_not_routable: {
    status: 502,
    retry: false,
    text: 'workspace URL is not publicly routable',
    help: 'The agent registered an address this server must not call. Register a public one, or poll.',
  },
  agent_unreachable: {
    status: 502,
    retry: true,
    text: 'failed to reach workspace agent',
    help: 'The agent did not answer. Look at its log; the message is recorded and marked failed.',
  },
  agent_restarting: {
    status: 503,
    retry: true,
    text: 'workspace agent unreachable — container restart triggered',
    help: 'The agent had stopped and is being started again. Retry in a few seconds.',
  },
  agent_busy: {
    status: 503,
    retry: true,
    text: 'workspace agent busy — retry after a short backoff',
    help: 'The agent is working on something else. Retry after Retry-After seconds.',
  },
  agent_response_unreadable: {
    status: 502,
    retry: true,
    text: 'failed to read agent response',
    help: 'The agent accepted the message but its answer broke off. delivery_confirmed tells whether it was accepted.',
  },
  agent_timeout: {
    status: 504,
    retry: true,
    text: 'workspace agent did not answer in time',
    help: 'The limit sent in X-Timeout, or the idle limit, passed without a sign of life from the agent.',
  },
  duplicate_message: {
    status: 409,
    retry: false,
    text: 'a message with this id is already being worked on',
    help: 'Use a new messageId for a new message; read the old one with tasks/get.',
  },
  invalid_delegation_request: {
    status: 400,
    retry: false,
    text: 'invalid delegation request',
    help: 'Send {"target_id": "<uuid>", "task": "<text>"}.',
  },
  invalid_target_id: {
    status: 400,
    retry: false,
    text: 'target_id must be a valid UUID',
    help: 'GET /registry/<own id>/peers lists the ids you may delegate to.',
  },
  self_delegation: {
    status: 400,
    retry: false,
    text: 'self-delegation not permitted',
    help: 'An agent cannot delegate to itself; it would wait for its own answer.',
  },
  loop_refused: {
    status: 429,
    retry: false,
    text: 'delegation refused by a loop limit',
    help: 'The limit named in the error was reached. Wait for open delegations to finish, or raise the limit.',
  },
  delegation_not_found: {
    status: 404,
    retry: false,
    text: 'delegation not found',
    help: 'GET /workspaces/<id>/delegations lists the delegations of this workspace.',
  },
  delegation_not_failed: {
    status: 409,
    retry: false,
    text: 'the delegation has not failed',
    help: 'One under way may be canceled first; one that is completed has its result.',
  },
  invalid_delegation_status: {
    status: 400,
    retry: false,
    text: "status must be 'completed' or 'failed'",
    help: 'Send completed or failed when it has ended, in_progress while it is worked on.',
  },
  invalid_delegation_view: {
    status: 400,
    retry: false,
    text: 'status must be one of in_flight, stuck, failed, completed',
    help: 'Leave status out for those in flight.',
  },
  invalid_max_age: {
    status: 400,
    retry: false,
    text: 'max_age_minutes must be a positive integer',
    help: 'Leave it out for an hour.',
  },
  cursor_unknown: {
    status: 410,
    retry: false,
    text: 'cursor not found — it may have been pruned',
    help: 'Start again without since_id.',
  },
  invalid_activity_source: {
    status: 400,
    retry: false,
    text: "source must be 'canvas' or 'agent'",
    help: 'Use source=canvas, source=agent, or leave it out.',
  },
  invalid_activity_type: {
    status: 400,
    retry: false,
    text: 'invalid activity_type',
    help: 'Use one of the listed activity types.',
  },
  source_mismatch: {
    status: 403,
    retry: false,
    text: 'source_id must match authenticated workspace',
    help: 'A workspace may report only its own activity.',
  },
  message_required: {
    status: 400,
    retry: false,
    text: 'message is required',
    help: 'Send {"message": "<text>"}.',
  },
  invalid_attachment: {
    status: 400,
    retry: false,
    text: 'attachment: uri and name are required',
    help: 'Each attachment is {"uri", "name", "mimeType"?, "size"?}; at most 20 of them.',
  },
  invalid_reply_target: {
    status: 400,
    retry: false,
    text: 'in_reply_to names no message of a person to this workspace',
    help: 'Use the id of an activity row of this workspace whose source_id is null, or leave in_reply_to out.',
  },

  // --- templates and orgs (contract lifecycle §8)
  template_exists: {
    status: 409,
    retry: false,
    text: 'template already exists',
    help: 'Import it under another name, or delete the folder of the one that is there.',
  },
  template_not_written: {
    status: 500,
    retry: false,
    text: 'failed to write config.yaml',
    help: 'The templates folder of the server cannot be written; reason says why. Nothing was left behind.',
  },
  invalid_org_directory: {
    status: 400,
    retry: false,
    text: 'invalid org directory',
    help: 'dir must be the name of a folder directly inside an org templates directory.',
  },
  org_template_not_found: {
    status: 404,
    retry: false,
    text: 'org template not found',
    help: 'GET /org/templates lists what can be imported.',
  },
  org_template_expansion_failed: {
    status: 400,
    retry: false,
    text: 'org template expansion failed',
    help: 'problems[] names each file, line and reason. Nothing was imported.',
  },
  invalid_org_template: {
    status: 400,
    retry: false,
    text: 'invalid org template',
    help: 'problems[] names each node and reason. Nothing was imported.',
  },
  org_source_required: {
    status: 400,
    retry: false,
    text: "provide 'dir' or 'template'",
    help: 'Send {"dir":"starter"} or an inline template with a name.',
  },
  invalid_bundle: {
    status: 400,
    retry: false,
    text: 'invalid bundle',
    help: 'Send the JSON that GET /bundles/export/:id answers. Nothing was imported.',
  },
  bundle_not_found: {
    status: 404,
    retry: false,
    text: 'bundle not found',
    help: 'There is no such workspace, or it was removed. GET /workspaces lists them.',
  },
  bundle_too_large: {
    status: 413,
    retry: false,
    text: 'bundle too large',
    help: 'Export the workspaces below it one by one.',
  },
  missing_required_env: {
    status: 412,
    retry: false,
    text: 'missing required environment variables',
    help: 'Set the names in missing_env as global secrets (POST /settings/secrets), or pass force=true.',
  },

  // --- files (contract lifecycle §6)
  invalid_path: {
    status: 400,
    retry: false,
    text: 'invalid path',
    help: 'Give a relative path inside the root, without "..". Files in which the server keeps the credentials of an agent cannot be used.',
  },
  invalid_root: {
    status: 400,
    retry: false,
    text: 'root must be one of: /configs, /workspace, /home, /plugins',
    help: 'Name one of the four folders, or leave root out for /configs.',
  },
  invalid_depth: {
    status: 400,
    retry: false,
    text: 'depth must be 1-5',
    help: 'Give a whole number from 1 to 5, or leave depth out for 1.',
  },
  file_not_found: {
    status: 404,
    retry: false,
    text: 'file not found',
    help: 'GET /workspaces/<id>/files lists what there is. Links are never followed, and a folder cannot be read.',
  },
  file_too_large: {
    status: 413,
    retry: false,
    text: 'file too large',
    help: 'A file that is read or written here may have at most 5 MiB.',
  },
  too_many_files: {
    status: 400,
    retry: false,
    text: 'too many files',
    help: 'Send at most 200 files in one request.',
  },
  file_changed: {
    status: 412,
    retry: false,
    text: 'file changed since it was read',
    help: 'Read the file again, bring your change into it, and write it with the new ETag. Nothing was changed.',
  },
  file_read_failed: {
    status: 500,
    retry: false,
    text: 'failed to read file',
    help: 'The error says why the server cannot look there.',
  },
  file_write_failed: {
    status: 500,
    retry: false,
    text: 'failed to write file',
    help: 'The error says why. Correct that and write again; a file is replaced as a whole or not at all.',
  },
  file_delete_failed: {
    status: 500,
    retry: false,
    text: 'failed to delete',
    help: 'The error says why. Correct that and delete again.',
  },
  workspace_on_another_host: {
    status: 503,
    retry: true,
    text: 'this workspace is on another host',
    help: 'Only the server on the host that runs this agent can reach its files and its output. Send the request to that server.',
  },
  files_unavailable: {
    status: 503,
    retry: true,
    text: 'the files of this workspace cannot be reached',
    help: 'The backend that runs this agent did not answer. The server log has the cause; retry.',
  },

  // --- secrets (contract lifecycle §4)
  secret_not_found: {
    status: 404,
    retry: false,
    text: 'secret not found',
    help: 'GET the list of secrets to see which keys exist.',
  },
  secret_name_refused: {
    status: 400,
    retry: false,
    text: 'secret name not allowed',
    help: 'Use upper-case letters, digits and underscores. Names of the server’s own credentials are refused.',
  },
  secrets_unreadable: {
    status: 500,
    retry: false,
    text: 'one or more secrets failed to decrypt; refusing to return partial bundle',
    help: 'Set what is named in failed_keys again, or start the server with the key it was stored with.',
  },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

/** Looks a code up with the common shape (the const object has literal types). */
export function errorSpec(code: ErrorCode): ErrorSpec {
  return ERRORS[code];
}

/** The body of every refusal. Routes may add fields the contract names (`waking`, `missing_env`, `stop_failures` …). */
export const ErrorBody = Type.Object({
  error: Type.String(),
  code: Type.String(),
  retry: Type.Boolean(),
  help: Type.Optional(Type.String()),
  request_id: Type.Optional(Type.String()),
});
export type ErrorBody = Static<typeof ErrorBody>;
