import { type RouteName, type RouteSpec, routes } from '@molecule/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertWorkspace } from '../../../test/builders.js';
import { useTestDatabase } from '../../../test/database.js';
import { ADMIN_TOKEN, type CallOptions, createEdge, type Edge, OWN_ORIGIN } from '../../../test/edge.js';

/** Who calls. "A workspace" is `own` of the targets. */
const CALLERS = [
  'anonymous',
  'anonymous in the name of a workspace',
  'wrong bearer',
  'wrong bearer with our own Origin and a session',
  'admin token',
  'org token',
  'revoked org token',
  'session with our own Origin',
  'session with a foreign Origin',
  'session without Origin',
  'ended session',
  'token of a workspace',
  'token of a workspace in the name of another',
  'revoked token of a workspace',
  'token of a removed workspace',
] as const;
type Caller = (typeof CALLERS)[number];

/** Whom the request is about: the workspace in the path, or in the body where that names it. */
const TARGETS = ['own', 'other', 'removed', 'unknown'] as const;
type Target = (typeof TARGETS)[number];

type Expected = 'in' | 401 | 403;

/** Every refusal of identity; whatever else is answered, the caller was let in. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  'admin_auth_required',
  'invalid_admin_token',
  'missing_workspace_token',
  'invalid_workspace_token',
  'missing_caller_token',
  'invalid_caller_token',
  'invalid_caller_id',
  'invalid_session',
  'origin_not_allowed',
]);

/** Feature handlers that answer with the actor here: what they do is theirs to prove, and some would end a credential. */
const PROBED: readonly RouteName[] = [
  'streamWorkspaceEvents',
  'deleteSession',
  'revokeSession',
  'revokeOtherSessions',
  'revokeWorkspaceToken',
  'createWorkspaceToken',
];

const isSocket = (spec: RouteSpec): boolean => spec.stream === 'websocket';
const isWrite = (spec: RouteSpec): boolean => spec.method !== 'GET' || isSocket(spec);
const hasTarget = (spec: RouteSpec): boolean => spec.path.includes(':id') || spec.access === 'self';

/** People with every right, however they prove it. */
const ADMINS: readonly Caller[] = ['admin token', 'org token', 'session with our own Origin'];

/** The rules of design §9 and contract registry-a2a §2.5–2.9 and §3.7, once more and in other words than the gate's. */
function expectedOf(spec: RouteSpec, caller: Caller, target: Target): Expected {
  // A page of another origin is refused before anybody looks at what it asks for (contract §1.2).
  if (caller === 'session with a foreign Origin') return 403;
  if (spec.access === 'open') return 'in';
  if (spec.access === 'self') return expectedOfSelf(spec, caller, target);
  if (spec.access === 'test') return caller === 'admin token' ? 'in' : 401;
  const acts = caller === 'token of a workspace' || caller === 'token of a workspace in the name of another';
  const about = target === 'own' ? 'in' : 401;
  // The values of secrets are for the agent alone, not even for an administrator.
  if (spec.access === 'own') return acts ? about : 401;
  if (ADMINS.includes(caller)) return 'in';
  if (caller === 'session without Origin') return isWrite(spec) ? 403 : 'in';
  if (caller === 'token of a removed workspace') return spec.tombstones && target === 'removed' ? 'in' : 401;
  if (!acts) return 401;
  switch (spec.access) {
    case 'admin':
      return 401;
    case 'workspace':
      return about;
    case 'credential':
      return 'in';
    case 'caller':
      // For whom a sender speaks is decided by the message rules, after the gate; the socket decides at once.
      return isSocket(spec) && caller === 'token of a workspace in the name of another' ? 401 : 'in';
    case 'discovery':
      // The subject of `discover` is who asks, that of the peers whom the path names.
      if (spec.path.includes('/discover/')) return caller === 'token of a workspace' ? 'in' : 401;
      return about;
    default: {
      const unreachable: never = spec.access;
      throw new Error(`no expectation for ${String(unreachable)}`);
    }
  }
}

/** What an agent says about itself. An admin's token proves nothing about an agent; a card alone a person may write. */
function expectedOfSelf(spec: RouteSpec, caller: Caller, target: Target): Expected {
  if (caller === 'session without Origin') return 403;
  const isAdmin = caller === 'admin token' || caller === 'session with our own Origin';
  if (spec.path === '/registry/update-card' && isAdmin) return 'in';
  if (isAdmin) return 401;
  // Says nothing about anybody, and is told nothing (design §9).
  if (spec.path === '/registry/heartbeat' && target === 'unknown') return 'in';
  const acts = caller === 'token of a workspace' || caller === 'token of a workspace in the name of another';
  return acts && target === 'own' ? 'in' : 401;
}

describe('who may call what', () => {
  const database = useTestDatabase();
  let edge: Edge;
  let targets: Record<Target, string>;
  let callers: Record<Caller, CallOptions>;

  beforeAll(async () => {
    edge = await createEdge(database.url, { probed: PROBED });
    await edge.ports.feed.start();
    const db = edge.ports.lanes.control;
    targets = {
      own: await insertWorkspace(db),
      other: await insertWorkspace(db),
      removed: await insertWorkspace(db),
      unknown: edge.ports.random.uuid(),
    };
    await edge.mint(targets.other);
    const [gone, revoked] = [await edge.mint(targets.removed), await edge.mint(targets.own)];
    await db.updateTable('workspaces').set({ status: 'removed' }).where('id', '=', targets.removed).execute();
    await edge.ports.transact('control', (tx) => edge.access.tokens.revokeAll(tx, [targets.own]));
    const admin = { token: ADMIN_TOKEN };
    const [org, formerOrg] = [
      await edge.call('POST', '/org/tokens', admin),
      await edge.call('POST', '/org/tokens', admin),
    ];
    await edge.call('DELETE', `/org/tokens/${formerOrg.body.id}`, admin);
    const [cookie, ended] = [await edge.login(), await edge.login()];
    await db
      .deleteFrom('sessions')
      .where(
        'created_at',
        '=',
        db.selectFrom('sessions').select(({ fn }) => fn.max('created_at').as('at')),
      )
      .execute();
    const token = await edge.mint(targets.own);
    callers = {
      anonymous: {},
      'anonymous in the name of a workspace': { headers: { 'x-workspace-id': targets.own } },
      'wrong bearer': { token: 'wrong' },
      'wrong bearer with our own Origin and a session': { token: 'wrong', origin: OWN_ORIGIN, cookie },
      'admin token': admin,
      'org token': { token: org.body.auth_token },
      'revoked org token': { token: formerOrg.body.auth_token },
      'session with our own Origin': { cookie, origin: OWN_ORIGIN },
      'session with a foreign Origin': { cookie, origin: 'https://evil.example' },
      'session without Origin': { cookie },
      'ended session': { cookie: ended, origin: OWN_ORIGIN },
      'token of a workspace': { token },
      'token of a workspace in the name of another': { token, headers: { 'x-workspace-id': targets.other } },
      'revoked token of a workspace': { token: revoked },
      'token of a removed workspace': { token: gone },
    };
  });
  afterAll(() => edge.close());

  // B-06: /admin is in here as every other route. B-08, B-09, B-03: the wrong, foreign and removed bearers.
  it.each(Object.entries<RouteSpec>(routes))(
    'B-03, B-06, B-08, B-09: %s lets in exactly whom its access kind says, about whomever it is',
    async (_name, spec) => {
      const verdicts: Record<string, string> = {};
      const expected: Record<string, string> = {};
      for (const target of hasTarget(spec) ? TARGETS : (['own'] as const)) {
        const id = targets[target];
        const path = spec.path
          .replace(':id', id)
          .replace(':token', 'AAAAAAAAAAAAAAAAAAAAAAAA')
          .replace(/[:*][a-zA-Z]+/g, '6a1b5f0e-0000-4000-8000-000000000000');
        const ask = async (caller: Caller): Promise<void> => {
          const given = callers[caller];
          const asking = spec.path.includes('/discover/') ? { 'x-workspace-id': targets.own } : {};
          const reply = await edge.call(spec.method, path, {
            ...given,
            headers: { ...asking, ...given.headers },
            ...(spec.method === 'GET'
              ? {}
              : { body: { id, workspace_id: id, agent_card: {}, caller_id: targets.own } }),
          });
          const key = `${caller}, about ${target}`;
          verdicts[key] = REFUSALS.has(reply.body?.code) ? String(reply.status) : 'in';
          // A login that is wrong is no refusal of who calls.
          if (spec.access === 'open' && reply.body?.code !== 'origin_not_allowed') verdicts[key] = 'in';
          expected[key] = String(expectedOf(spec, caller, target));
        };
        await Promise.all(CALLERS.map(ask));
      }
      expect(verdicts).toEqual(expected);
    },
  );
});
