import Type, { type Static } from 'typebox';
import { pathText, strictWorkspaceId } from '../query.js';
import { route } from '../route.js';
import { Required, Timestamp } from '../schema.js';
import { dryRun, RestartPreview } from './restart-preview.js';

const key = pathText('secret name', /^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'secret_not_found');

/** What a list says of a secret: never its value (contract lifecycle §4.2). */
export const Secret = Type.Object({
  key: Type.String(),
  has_value: Type.Literal(true),
  scope: Type.Union([Type.Literal('workspace'), Type.Literal('global')]),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type Secret = Static<typeof Secret>;

export const SetSecret = Type.Object({ key: Required(), value: Required({ maxLength: 65_536 }) });

const SavedGlobal = Type.Object({
  status: Type.Literal('saved'),
  key: Type.String(),
  scope: Type.Literal('global'),
  /** Additive: how many agents start again with the new value. */
  restarts: Type.Integer(),
});
const DeletedGlobal = Type.Object({
  status: Type.Literal('deleted'),
  key: Type.String(),
  scope: Type.Literal('global'),
  restarts: Type.Integer(),
});

const globalList = {
  access: 'admin',
  rate: 'default',
  responses: { 200: Type.Array(Secret) },
  errors: [],
  failedText: 'query failed',
  source: 'lifecycle §4.6',
} as const;
const globalSet = {
  access: 'admin',
  rate: 'default',
  query: { dry_run: dryRun },
  body: SetSecret,
  invalidBody: 'invalid_request_body',
  responses: { 200: Type.Union([SavedGlobal, RestartPreview]) },
  errors: ['invalid_request_body', 'secret_name_refused'],
  failedText: 'failed to save',
  source: 'lifecycle §4.6',
} as const;
const globalDelete = {
  access: 'admin',
  rate: 'default',
  params: { key },
  query: { dry_run: dryRun },
  responses: { 200: Type.Union([DeletedGlobal, RestartPreview]) },
  errors: ['secret_not_found'],
  failedText: 'failed to delete',
  source: 'lifecycle §4.6',
} as const;
const workspaceSet = {
  path: '/workspaces/:id/secrets',
  summary: 'Set a secret of one workspace; its agent starts again with it',
  access: 'workspace',
  rate: 'default',
  params: { id: strictWorkspaceId },
  query: { dry_run: dryRun },
  body: SetSecret,
  invalidBody: 'invalid_request_body',
  responses: {
    200: Type.Union([Type.Object({ status: Type.Literal('saved'), key: Type.String() }), RestartPreview]),
  },
  errors: ['invalid_request_body', 'invalid_workspace_id', 'workspace_not_found', 'secret_name_refused'],
  failedText: 'failed to save secret',
  source: 'lifecycle §4.4',
} as const;

export const secretRoutes = {
  listGlobalSecrets: route({
    ...globalList,
    method: 'GET',
    path: '/settings/secrets',
    summary: 'Names of the global secrets',
  }),
  listGlobalSecretsAlias: route({
    ...globalList,
    method: 'GET',
    path: '/admin/secrets',
    summary: 'Alias of GET /settings/secrets',
  }),
  putGlobalSecret: route({ ...globalSet, method: 'PUT', path: '/settings/secrets', summary: 'Set a global secret' }),
  postGlobalSecret: route({ ...globalSet, method: 'POST', path: '/settings/secrets', summary: 'Set a global secret' }),
  postGlobalSecretAlias: route({
    ...globalSet,
    method: 'POST',
    path: '/admin/secrets',
    summary: 'Alias of POST /settings/secrets',
  }),
  deleteGlobalSecret: route({
    ...globalDelete,
    method: 'DELETE',
    path: '/settings/secrets/:key',
    summary: 'Delete a global secret',
  }),
  deleteGlobalSecretAlias: route({
    ...globalDelete,
    method: 'DELETE',
    path: '/admin/secrets/:key',
    summary: 'Alias of DELETE /settings/secrets/:key',
  }),
  listSecrets: route({
    method: 'GET',
    path: '/workspaces/:id/secrets',
    summary: 'Names of the secrets a workspace sees: its own, then the global ones it does not override',
    access: 'workspace',
    rate: 'default',
    params: { id: strictWorkspaceId },
    responses: { 200: Type.Array(Secret) },
    errors: ['invalid_workspace_id'],
    failedText: 'query failed',
    source: 'lifecycle §4.2',
  }),
  readSecretValues: route({
    method: 'GET',
    path: '/workspaces/:id/secrets/values',
    summary: 'The values an agent works with: the global secrets, overridden by its own; for that agent alone',
    access: 'own',
    rate: 'default',
    params: { id: strictWorkspaceId },
    responses: { 200: Type.Record(Type.String(), Type.String()) },
    errors: ['invalid_workspace_id', 'secrets_unreadable'],
    failedText: 'query failed',
    source: 'lifecycle §4.3',
  }),
  putSecret: route({ ...workspaceSet, method: 'PUT' }),
  postSecret: route({ ...workspaceSet, method: 'POST' }),
  deleteSecret: route({
    method: 'DELETE',
    path: '/workspaces/:id/secrets/:key',
    summary: 'Delete a secret of one workspace; its agent starts again without it',
    access: 'workspace',
    rate: 'default',
    params: { id: strictWorkspaceId, key },
    query: { dry_run: dryRun },
    responses: {
      200: Type.Union([Type.Object({ status: Type.Literal('deleted'), key: Type.String() }), RestartPreview]),
    },
    errors: ['invalid_workspace_id', 'workspace_not_found', 'secret_not_found'],
    failedText: 'failed to delete secret',
    source: 'lifecycle §4.5',
  }),
} as const;
