import Type, { type Static } from 'typebox';
import { flag, workspaceId } from '../query.js';
import { route } from '../route.js';
import { JsonObject, Nullable } from '../schema.js';

/** All keys are optional, and a body that is no such object counts as none (contract lifecycle §2.2). */
export const RestartWorkspace = Type.Object({
  template: Type.Optional(Nullable(Type.String())),
  apply_template: Type.Optional(Nullable(Type.Boolean())),
  /** Without a stored template: lay the folder below `org-templates/` that carries the name of the workspace. */
  rebuild_config: Type.Optional(Nullable(Type.Boolean())),
  /** The agent forgets its conversations. What it has accepted it still does, once. */
  reset: Type.Optional(Nullable(Type.Boolean())),
});
export type RestartWorkspace = Static<typeof RestartWorkspace>;

const id = { id: workspaceId };

/** The verbs that change what the owner wants of a workspace (contract lifecycle §2, §10). */
export const lifecycleRoutes = {
  restartWorkspace: route({
    method: 'POST',
    path: '/workspaces/:id/restart',
    summary: 'Start the agent anew; answers at once, the worker stops and starts it',
    access: 'workspace',
    rate: 'default',
    params: id,
    query: { reset: flag('the same as reset in the body') },
    body: RestartWorkspace,
    bodyOptional: true,
    bodyLenient: true,
    responses: {
      200: Type.Union([
        Type.Object({
          status: Type.Literal('provisioning'),
          /** The template that the configuration comes from, `org-templates/<folder>`, or `existing-volume`. */
          config_dir: Type.String(),
          /** Additive: whether that template is laid over the configuration by this restart. */
          template_applied: Type.Boolean(),
          /** Whether the agent forgets its conversations: it was asked for, and its runtime keeps any. */
          reset_session: Type.Boolean(),
        }),
        Type.Object({ status: Type.Literal('noop'), runtime: Type.Literal('external'), message: Type.String() }),
      ]),
    },
    errors: ['invalid_workspace_id', 'workspace_not_found', 'ancestor_paused', 'provisioner_not_available'],
    failedText: 'lookup failed',
    source: 'lifecycle §2.2, design §13',
  }),
  pauseWorkspace: route({
    method: 'POST',
    path: '/workspaces/:id/pause',
    summary: 'Stop a workspace and everything below it until it is resumed',
    access: 'workspace',
    rate: 'default',
    params: id,
    responses: {
      200: Type.Object({
        status: Type.Literal('paused'),
        paused_count: Type.Integer(),
        /** Additive: instances that could not be stopped yet; the server goes on trying. */
        stop_failures: Type.Optional(Type.Integer()),
      }),
    },
    errors: ['invalid_workspace_id', 'workspace_not_pausable'],
    failedText: 'lookup failed',
    source: 'lifecycle §2.4, design §4.3',
  }),
  resumeWorkspace: route({
    method: 'POST',
    path: '/workspaces/:id/resume',
    summary: 'Start a paused workspace and every paused one below it',
    access: 'workspace',
    rate: 'default',
    params: id,
    responses: { 200: Type.Object({ status: Type.Literal('provisioning'), resumed_count: Type.Integer() }) },
    errors: ['invalid_workspace_id', 'workspace_not_paused', 'ancestor_paused', 'provisioner_not_available'],
    failedText: 'lookup failed',
    source: 'lifecycle §2.5',
  }),
  hibernateWorkspace: route({
    method: 'POST',
    path: '/workspaces/:id/hibernate',
    summary: 'Stop an idle agent until the next message wakes it',
    access: 'workspace',
    rate: 'default',
    params: id,
    query: { force: flag('also when it is working') },
    responses: {
      200: Type.Object({ status: Type.Literal('hibernated') }),
      /** Additive: its instance is still being stopped (design §4.3). */
      202: Type.Object({ status: Type.Literal('hibernating') }),
    },
    errors: ['invalid_workspace_id', 'workspace_not_hibernatable', 'workspace_busy', 'hibernation_failed'],
    failedText: 'lookup failed',
    source: 'lifecycle §2.6, design §4.3',
  }),
  collapseWorkspace: route({
    method: 'POST',
    path: '/workspaces/:id/collapse',
    summary: 'Remove everything below a workspace',
    access: 'workspace',
    rate: 'default',
    params: id,
    responses: {
      200: Type.Object({
        status: Type.Literal('collapsed'),
        /** Names of the direct children. */
        removed: Type.Array(Type.String()),
        stop_failures: Type.Optional(Type.Integer()),
      }),
    },
    errors: ['invalid_workspace_id', 'workspace_not_found'],
    failedText: 'failed to query children',
    source: 'lifecycle §10, design §4.3',
  }),
  setWorkspaceTemplate: route({
    method: 'PATCH',
    path: '/workspaces/:id/template',
    summary: 'Store the template a workspace is built from; the next restart applies it',
    access: 'admin',
    rate: 'default',
    params: id,
    body: Type.Object({ template: Type.String() }),
    invalidBody: 'invalid_request_body',
    responses: {
      200: Type.Object({
        status: Type.Literal('updated'),
        template: Type.String(),
        needs_restart: Type.Literal(true),
      }),
    },
    errors: ['invalid_workspace_id', 'workspace_not_found', 'invalid_template', 'unknown_template'],
    source: 'lifecycle §1.6',
  }),
  reportBootstrapFailed: route({
    method: 'POST',
    path: '/admin/workspaces/:id/bootstrap-failed',
    summary: 'Whoever watches an instance boot says that it never will',
    access: 'admin',
    rate: 'default',
    params: id,
    body: Type.Object({ error: Type.Optional(Type.String()), log_tail: Type.Optional(Type.String()) }),
    invalidBody: 'invalid_request_body',
    responses: {
      200: Type.Object({
        ok: Type.Literal(true),
        /** It was no longer starting: nothing was changed. */
        no_change: Type.Optional(Type.Literal(true)),
      }),
    },
    errors: ['invalid_workspace_id'],
    failedText: 'db update failed',
    source: 'lifecycle §2.7',
  }),
  getConsole: route({
    method: 'GET',
    path: '/workspaces/:id/console',
    summary: 'What the instance has printed last, as one text',
    access: 'admin',
    rate: 'default',
    params: id,
    responses: { 200: Type.Object({ output: Type.String() }) },
    errors: [
      'invalid_workspace_id',
      'workspace_not_found',
      'console_unavailable',
      'console_failed',
      'workspace_on_another_host',
    ],
    source: 'lifecycle §2.9',
  }),
  getWorkspaceConfig: route({
    method: 'GET',
    path: '/workspaces/:id/config',
    summary: 'The free JSON that clients keep for a workspace; not its config.yaml',
    access: 'workspace',
    rate: 'default',
    params: id,
    responses: { 200: Type.Object({ data: JsonObject }) },
    errors: ['invalid_workspace_id'],
    failedText: 'query failed',
    source: 'lifecycle §10',
  }),
  patchWorkspaceConfig: route({
    method: 'PATCH',
    path: '/workspaces/:id/config',
    summary: 'Lay the keys of the body over that JSON, one level deep',
    access: 'workspace',
    rate: 'default',
    params: id,
    body: JsonObject,
    invalidBody: 'invalid_json',
    bodyLimitBytes: 256 * 1024,
    responses: { 200: Type.Object({ status: Type.Literal('updated') }) },
    errors: ['invalid_workspace_id', 'workspace_not_found', 'config_too_large'],
    tooLarge: 'config_too_large',
    failedText: 'failed to update config',
    source: 'lifecycle §10',
  }),
} as const;
