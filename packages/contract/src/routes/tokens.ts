import Type from 'typebox';
import { integerOrDefault, pathUuid, workspaceId } from '../query.js';
import { route } from '../route.js';
import { Nullable, Timestamp, Uuid } from '../schema.js';

const OrgToken = Type.Object({
  id: Uuid,
  /** The first eight characters, by which a person recognises it. */
  prefix: Type.String(),
  name: Type.Optional(Type.String()),
  /** The root workspace it belongs to; absent for a token of the whole server. */
  org_id: Type.Optional(Uuid),
  created_by: Type.Optional(Type.String()),
  created_at: Timestamp,
  last_used_at: Type.Optional(Timestamp),
});

const WorkspaceToken = Type.Object({
  id: Uuid,
  prefix: Type.String(),
  created_at: Timestamp,
  last_used_at: Nullable(Timestamp),
  /** Additive: the agent that this server runs works with it; revoking it starts the agent again with another. */
  agent: Type.Boolean(),
});

const MintedWorkspaceToken = Type.Object({ auth_token: Type.String(), workspace_id: Uuid, message: Type.String() });

/** Live ones, that of the agent itself among them. */
export const WORKSPACE_TOKENS_MAX = 50;

export const workspaceTokenRoutes = {
  listWorkspaceTokens: route({
    method: 'GET',
    path: '/workspaces/:id/tokens',
    summary: 'Live tokens of a workspace, newest first',
    access: 'workspace',
    rate: 'default',
    params: { id: workspaceId },
    query: {
      limit: integerOrDefault('how many', 50, 1, 200),
      offset: integerOrDefault('how many of the newest to leave out', 0, 0, 1_000_000),
    },
    responses: { 200: Type.Object({ tokens: Type.Array(WorkspaceToken), count: Type.Integer() }) },
    errors: [],
    failedText: 'failed to list tokens',
    source: 'registry-a2a §3.1',
  }),
  createWorkspaceToken: route({
    method: 'POST',
    path: '/workspaces/:id/tokens',
    summary: 'Make one more token for a workspace. Shown once; revokes no other',
    access: 'workspace',
    rate: 'default',
    params: { id: workspaceId },
    responses: { 201: MintedWorkspaceToken },
    errors: ['workspace_not_found', 'too_many_workspace_tokens'],
    failedText: 'failed to create token',
    source: 'registry-a2a §3.2',
  }),
  revokeWorkspaceToken: route({
    method: 'DELETE',
    path: '/workspaces/:id/tokens/:tokenId',
    summary: 'Revoke a token; an agent of this server that works with it starts again with another',
    access: 'workspace',
    rate: 'default',
    params: { id: workspaceId, tokenId: pathUuid('token id', 'token_not_found') },
    responses: {
      200: Type.Object({
        status: Type.Literal('revoked'),
        /** Additive: it was the agent's, which starts again. */
        restarts: Type.Optional(Type.Literal(true)),
      }),
    },
    errors: ['token_not_found'],
    failedText: 'failed to revoke token',
    source: 'registry-a2a §3.3',
  }),
  createWorkspaceTokenAsAdmin: route({
    method: 'POST',
    path: '/admin/workspaces/:id/tokens',
    summary: 'The same for administrators alone',
    access: 'admin',
    rate: 'default',
    params: { id: workspaceId },
    body: Type.Object({
      /** What it is for; written to the log. */
      label: Type.Optional(Nullable(Type.String({ maxLength: 200 }))),
    }),
    bodyOptional: true,
    invalidBody: 'invalid_request_body',
    responses: { 201: MintedWorkspaceToken },
    errors: ['workspace_not_found', 'too_many_workspace_tokens'],
    failedText: 'failed to create token',
    source: 'registry-a2a §3.8',
  }),
  createTestToken: route({
    method: 'GET',
    path: '/admin/workspaces/:id/test-token',
    summary: 'One more token for a workspace, for test scripts; not in production',
    access: 'test',
    rate: 'default',
    params: { id: workspaceId },
    responses: { 200: Type.Object({ auth_token: Type.String(), workspace_id: Uuid }) },
    errors: ['admin_auth_required', 'route_not_found', 'workspace_not_found'],
    failedText: 'token issue failed',
    source: 'registry-a2a §3.7',
  }),
} as const;

/** In characters and not in bytes. */
export const ORG_TOKEN_NAME_MAX = 100;

export const orgTokenRoutes = {
  listOrgTokens: route({
    method: 'GET',
    path: '/org/tokens',
    summary: 'Live org tokens, newest first, at most 500',
    access: 'admin',
    rate: 'default',
    responses: { 200: Type.Object({ tokens: Type.Array(OrgToken), count: Type.Integer() }) },
    errors: [],
    failedText: 'failed to list tokens',
    source: 'registry-a2a §3.4',
  }),
  createOrgToken: route({
    method: 'POST',
    path: '/org/tokens',
    summary: 'Make an org token: everything ADMIN_TOKEN may, with a name, and revocable. Shown once',
    access: 'admin',
    rate: 'minting',
    body: Type.Object({
      name: Type.Optional(Nullable(Type.String())),
      /** Additive: the root workspace it belongs to. Without it that of the org token it is made with, else none. */
      org_id: Type.Optional(Nullable(Type.String())),
    }),
    bodyOptional: true,
    invalidBody: 'invalid_request_body',
    responses: {
      200: Type.Object({
        id: Uuid,
        prefix: Type.String(),
        name: Type.Optional(Type.String()),
        org_id: Type.Optional(Uuid),
        auth_token: Type.String(),
        warning: Type.String(),
      }),
    },
    errors: ['org_token_name_too_long', 'not_a_root_workspace', 'org_token_of_another_org'],
    failedText: 'failed to mint token',
    source: 'registry-a2a §3.5',
  }),
  revokeOrgToken: route({
    method: 'DELETE',
    path: '/org/tokens/:id',
    summary: 'Revoke an org token; it is refused from the next request on',
    access: 'admin',
    rate: 'default',
    params: { id: pathUuid('org token id', 'token_not_found') },
    responses: { 200: Type.Object({ revoked: Uuid }) },
    errors: ['token_not_found'],
    failedText: 'failed to revoke',
    source: 'registry-a2a §3.6',
  }),
} as const;
