import { type RouteSpec, routes } from '@molecule/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertWorkspace } from '../../../test/builders.js';
import { useTestDatabase } from '../../../test/database.js';
import { ADMIN_TOKEN, type CallOptions, createEdge, type Edge, OWN_ORIGIN } from '../../../test/edge.js';

/** What a caller may expect: `in` is anything but a refusal of identity. */
type Expected = 'in' | 401 | 403;
const CALLERS = [
  'anonymous',
  'wrong bearer',
  'wrong bearer with our own Origin',
  'admin',
  'session with our own Origin',
  'session with a foreign Origin',
  'session without Origin',
  'own token',
  "another workspace's token",
  "a removed workspace's token",
] as const;
type Caller = (typeof CALLERS)[number];

const isSocket = (spec: RouteSpec): boolean => spec.stream === 'websocket';
const guarded = (spec: RouteSpec): boolean => spec.method !== 'GET' || isSocket(spec);

/** The rules of design §9 and contract registry-a2a §2.5–2.9, per access kind. */
function expectedOf(spec: RouteSpec, caller: Caller): Expected {
  if (spec.access === 'open') return 'in';
  const session: Record<string, Expected> = {
    'session with our own Origin': 'in',
    'session with a foreign Origin': guarded(spec) ? 403 : 'in',
    'session without Origin': guarded(spec) ? 403 : 'in',
  };
  const byKind: Record<Exclude<RouteSpec['access'], 'open'>, Partial<Record<Caller, Expected>>> = {
    admin: { admin: 'in', ...session },
    workspace: { admin: 'in', ...session, 'own token': 'in' },
    // The values of secrets are for the agent alone, not even for an administrator.
    own: { 'own token': 'in' },
    test: { admin: 'in' },
    credential: { admin: 'in', ...session, 'own token': 'in', "another workspace's token": 'in' },
    discovery: { admin: 'in', ...session, 'own token': 'in' },
    caller: { admin: 'in', ...session, 'own token': 'in', "another workspace's token": 'in' },
    // An admin's token proves nothing about an agent; the card alone may also be written by a person.
    self:
      spec.path === '/registry/update-card'
        ? { admin: 'in', ...session, 'own token': 'in' }
        : { 'own token': 'in', 'session with a foreign Origin': 403, 'session without Origin': 403 },
  };
  return byKind[spec.access][caller] ?? 401;
}

describe('who may call what', () => {
  const database = useTestDatabase();
  let edge: Edge;
  let own: string;
  let callers: Record<Caller, CallOptions>;

  beforeAll(async () => {
    // A stream that is let in would never end.
    edge = await createEdge(database.url, { probed: ['streamWorkspaceEvents'] });
    await edge.ports.feed.start();
    const db = edge.ports.lanes.control;
    own = await insertWorkspace(db);
    const other = await insertWorkspace(db);
    const gone = await insertWorkspace(db);
    const cookie = await edge.login();
    const goneToken = await edge.mint(gone);
    await db.updateTable('workspaces').set({ status: 'removed' }).where('id', '=', gone).execute();
    callers = {
      anonymous: {},
      'wrong bearer': { token: 'wrong' },
      'wrong bearer with our own Origin': { token: 'wrong', origin: OWN_ORIGIN, cookie },
      admin: { token: ADMIN_TOKEN },
      'session with our own Origin': { cookie, origin: OWN_ORIGIN },
      'session with a foreign Origin': { cookie, origin: 'https://evil.example' },
      'session without Origin': { cookie },
      'own token': { token: await edge.mint(own) },
      "another workspace's token": { token: await edge.mint(other) },
      "a removed workspace's token": { token: goneToken },
    };
  });
  afterAll(() => edge.close());

  for (const [name, spec] of Object.entries<RouteSpec>(routes)) {
    // B-06: /admin is in here as every other route. B-08, B-09, B-03: the wrong, foreign and removed bearers.
    it(`B-03, B-06, B-08, B-09: ${name} lets in exactly whom its access kind (${spec.access}) says`, async () => {
      const path = spec.path
        .replace(':id', own)
        .replace(':token', 'AAAAAAAAAAAAAAAAAAAAAAAA')
        .replace(/:[a-zA-Z]+/g, '6a1b5f0e-0000-4000-8000-000000000000');
      const verdicts: Record<string, string> = {};
      const expected: Record<string, string> = {};
      for (const caller of CALLERS) {
        // Log in once more: this route ends the session it is called with.
        const given = name === 'deleteSession' ? { ...callers[caller], cookie: '' } : callers[caller];
        const reply = await edge.call(spec.method, path, {
          ...given,
          headers: spec.access === 'discovery' ? { 'x-workspace-id': own } : {},
          ...(spec.method === 'GET' ? {} : { body: { id: own, workspace_id: own, agent_card: {}, caller_id: own } }),
        });
        const refusedOpen = spec.access === 'open' && !['metrics_token_required'].includes(reply.body?.code);
        const refused = [401, 403].includes(reply.status) && !refusedOpen;
        verdicts[caller] = refused ? String(reply.status) : 'in';
        expected[caller] = String(expectedOf(spec, caller));
      }
      expect(verdicts).toEqual(expected);
    });
  }
});
