import type { Routes } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import { type Actor, asAdmin } from './actor.js';
import type { OrgTokens } from './org-tokens.js';

export type OrgTokenHandlers = Pick<HandlersFor<Routes, Actor>, 'listOrgTokens' | 'createOrgToken' | 'revokeOrgToken'>;

const WARNING = 'Save this token now: it is not shown again. It may everything an administrator may.';

export function createOrgTokenHandlers(tokens: OrgTokens): OrgTokenHandlers {
  return {
    listOrgTokens: async () => {
      const rows = await tokens.list();
      const body = rows.map((row) => ({
        id: row.id,
        prefix: row.prefix,
        ...(row.name === null ? {} : { name: row.name }),
        ...(row.org_id === null ? {} : { org_id: row.org_id }),
        created_by: row.created_by,
        created_at: row.created_at.toISOString(),
        ...(row.last_used_at === null ? {} : { last_used_at: row.last_used_at.toISOString() }),
      }));
      return { status: 200, body: { tokens: body, count: body.length } };
    },

    createOrgToken: async ({ actor, body }) => {
      const { id, prefix, name, orgId, token } = await tokens.create(asAdmin(actor), body);
      return {
        status: 200,
        headers: { 'cache-control': 'no-store' },
        body: {
          id,
          prefix,
          ...(name === null ? {} : { name }),
          ...(orgId === null ? {} : { org_id: orgId }),
          auth_token: token,
          warning: WARNING,
        },
      };
    },

    revokeOrgToken: async ({ actor, params }) => {
      if (!(await tokens.revoke(asAdmin(actor), params.id))) return refuse('token_not_found');
      return { status: 200, body: { revoked: params.id } };
    },
  };
}
