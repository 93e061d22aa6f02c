import { ORG_TOKEN_NAME_MAX, parseUuid } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import { toStorableText } from '../../platform/storable-json.js';
import type { Ports } from '../../ports.js';
import { isLiveRoot } from './access.views.js';
import { type Actor, describeActor } from './actor.js';
import { mintCredential } from './minted.js';
import { deleteRevokedOrgTokens, insertOrgToken, listLiveOrgTokens, revokeOrgToken } from './org-tokens.store.js';

type Admin = Extract<Actor, { kind: 'admin' }>;

/** Tokens that may what ADMIN_TOKEN may, by name, each revocable alone (contract registry-a2a §3.4–3.6). */
export interface OrgTokens {
  list(): ReturnType<typeof listLiveOrgTokens>;
  create(
    actor: Admin,
    given: { readonly name?: string | null; readonly org_id?: string | null },
  ): Promise<{ id: string; prefix: string; name: string | null; orgId: string | null; token: string }>;
  /** False when there is no live one of this id. */
  revoke(actor: Admin, id: string): Promise<boolean>;
}

const LISTED_MAX = 500;
/** As long as revoked tokens of workspaces are kept. */
const RETENTION_DAYS = 30;

export function createOrgTokens(deps: Pick<Ports, 'lanes' | 'random' | 'supervisor' | 'logger'>): OrgTokens {
  const db = deps.lanes.control;
  const { random } = deps;
  const logger = deps.logger.child({ part: 'access' });
  deps.supervisor.loop({
    name: 'org-token-retention',
    everyMs: 6 * 3_600_000,
    run: () => deleteRevokedOrgTokens(deps.lanes.work, RETENTION_DAYS),
  });

  /** A token of one org makes tokens of that org; whoever has none may choose. */
  async function resolveOrg(actor: Admin, asked: string | null): Promise<string | null> {
    const inherited = actor.via === 'org_token' ? actor.token.orgId : null;
    if (asked === null) return inherited;
    const id = parseUuid(asked);
    if (inherited !== null && id !== inherited) return refuse('org_token_of_another_org');
    if (id === null || !(await isLiveRoot(db, id))) return refuse('not_a_root_workspace');
    return id;
  }

  return {
    list: () => listLiveOrgTokens(db, LISTED_MAX),
    async create(actor, given) {
      const name = given.name ? toStorableText(given.name) : null;
      if (name !== null && [...name].length > ORG_TOKEN_NAME_MAX) refuse('org_token_name_too_long');
      const orgId = await resolveOrg(actor, given.org_id || null);
      const createdBy = describeActor(actor);
      const { id, token, hash, prefix } = mintCredential(random);
      await insertOrgToken(db, { id, hash, prefix, name, createdBy, orgId });
      logger.info({ token: id, prefix, by: createdBy }, 'an org token was made');
      return { id, prefix, name, orgId, token };
    },
    async revoke(actor, id) {
      const revoked = await revokeOrgToken(db, id);
      if (revoked) logger.info({ token: id, by: describeActor(actor) }, 'an org token was revoked');
      return revoked;
    },
  };
}
