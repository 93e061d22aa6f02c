import Type from 'typebox';
import { pathUuid } from '../query.js';
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
