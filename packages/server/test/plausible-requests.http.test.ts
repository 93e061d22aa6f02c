import { type RouteName, type RouteSpec, routes } from '@molecule/contract';
import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SINGLE_CONNECTION_LANES } from '../src/platform/db.js';
import { useTestDatabase } from './database.js';
import { createDatabaseProxy, type DatabaseProxy } from './database-proxy.js';
import { ADMIN_TOKEN, type RealApp, type RealReply, startRealApp } from './real-app.js';

interface Cast {
  /** Parent of `worker`, and under it `spare`, which a test may remove. */
  readonly lead: string;
  readonly leadToken: string;
  readonly worker: string;
  readonly spare: string;
  readonly delegation: string;
  readonly loginToken: string;
  /** The public id of a session. */
  readonly session: string;
  /** The id of a token of `spare`. */
  readonly spareTokenId: string;
  /** The id of an org token. */
  readonly orgToken: string;
  /** Runs on a backend of this server, which keeps its files. */
  readonly managed: string;
}

interface Plausible {
  readonly path?: string;
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
}

const toMessage = (text: string, id: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'message/send',
  params: { message: { kind: 'message', role: 'user', messageId: id, parts: [{ kind: 'text', text }] } },
});

/** One plausible request per route, in an order in which each still finds what it needs. */
function plausible(cast: Cast): Record<RouteName, Plausible> {
  const { lead, leadToken: token, worker, spare } = cast;
  const secret = { key: 'SOME_KEY', value: 'v' };
  return {
    createWorkspace: { body: { name: 'made here' }, status: 201 },
    listWorkspaces: { status: 200 },
    getWorkspace: { status: 200 },
    getWorkspaceState: { status: 200 },
    patchWorkspace: { body: { role: 'tester' }, status: 200 },
    putWorkspaceLayout: { body: { x: 1, y: 2 }, status: 200 },
    getWorkspaceLogs: { status: 200 },
    getExternalConnection: { token, status: 200 },
    register: { body: { id: lead, agent_card: { name: 'lead' }, delivery_mode: 'poll' }, token, status: 200 },
    heartbeat: { body: { workspace_id: lead, active_tasks: 1 }, token, status: 200 },
    updateCard: { body: { workspace_id: lead, agent_card: { name: 'lead' } }, token, status: 200 },
    discover: {
      path: `/registry/discover/${worker}`,
      token,
      headers: { 'x-workspace-id': lead },
      status: 200,
    },
    listPeers: { token, status: 200 },
    checkAccess: { body: { caller_id: lead, target_id: worker }, status: 200 },
    sendMessage: { body: toMessage('hello', 'wired'), status: 202 },
    readSigningKeys: { status: 200 },
    readAgentCard: { status: 200 },
    callA2A: { body: { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { id: lead } }, status: 200 },
    readA2A: { path: `/a2a/${lead}/tasks`, status: 200 },
    postA2A: {
      path: `/a2a/${lead}/message:send`,
      body: {
        message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'x' }] },
        configuration: { returnImmediately: true },
      },
      status: 200,
    },
    deleteA2A: { path: `/a2a/${lead}/tasks/none/pushNotificationConfigs/none`, status: 404 },
    delegate: { body: { target_id: worker, task: 'do it' }, token, status: 202 },
    listDelegations: { status: 200 },
    getDelegation: { status: 200 },
    recordDelegation: {
      body: { target_id: worker, task: 'seen elsewhere', delegation_id: '3f0c2c5e-8f5d-4a1e-9a64-0f1e2d3c4b5a' },
      token,
      status: 202,
    },
    updateDelegation: { body: { status: 'completed' }, token, status: 200 },
    cancelDelegation: { token, status: 200 },
    retryDelegation: { token, status: 202 },
    listAllDelegations: { status: 200 },
    countDelegations: { status: 200 },
    listQueue: { status: 200 },
    dropStale: { path: '/admin/a2a-queue/drop-stale', status: 200 },
    readBreakers: { status: 200 },
    listActivity: { status: 200 },
    notify: { body: { message: 'hello' }, token, status: 200 },
    searchSession: { status: 200 },
    reportActivity: { body: { activity_type: 'agent_log', summary: 'x' }, token, status: 200 },
    writeFile: { path: `/workspaces/${cast.managed}/files/notes/a.md`, body: { content: 'x' }, status: 200 },
    replaceFiles: { path: `/workspaces/${cast.managed}/files`, body: { files: { 'b.md': 'x' } }, status: 200 },
    listFiles: { path: `/workspaces/${cast.managed}/files`, status: 200 },
    readFile: { path: `/workspaces/${cast.managed}/files/notes/a.md`, status: 200 },
    deleteFile: { path: `/workspaces/${cast.managed}/files/notes/a.md`, status: 200 },
    listOrphans: { status: 200 },
    listRuntimes: { status: 200 },
    // There is nothing to install for it.
    installRuntime: { path: '/runtimes/echo/install', status: 404 },
    removeRuntime: { path: '/runtimes/echo/install', status: 404 },
    listTemplates: { status: 200 },
    listTemplateProblems: { status: 200 },
    importTemplate: { body: { name: 'Given', files: { 'system-prompt.md': 'You are given.' } }, status: 201 },
    listOrgTemplates: { status: 200 },
    importOrg: { body: { dir: 'starter' }, status: 201 },
    exportBundle: { status: 200 },
    importBundle: {
      body: {
        id: 'a',
        name: 'carried',
        description: 'd',
        model: 'm',
        system_prompt: 's',
        skills: [{ id: 's', files: { 'SKILL.md': 't' } }],
        prompts: { 'config.yaml': 'runtime: echo' },
        sub_workspaces: [{ name: 'below' }],
      },
      status: 201,
    },
    listGlobalSecrets: { status: 200 },
    listGlobalSecretsAlias: { status: 200 },
    putGlobalSecret: { body: secret, status: 200 },
    postGlobalSecret: { body: secret, status: 200 },
    postGlobalSecretAlias: { body: { ...secret, key: 'OTHER_KEY' }, status: 200 },
    deleteGlobalSecret: { path: '/settings/secrets/SOME_KEY', status: 200 },
    deleteGlobalSecretAlias: { path: '/admin/secrets/OTHER_KEY', status: 200 },
    listSecrets: { status: 200 },
    readSecretValues: { token, status: 200 },
    getModel: { status: 200 },
    putModel: { body: { model: 'minimax/MiniMax-M2.7' }, status: 200 },
    getProvider: { status: 200 },
    putProvider: { body: { provider: 'minimax' }, status: 200 },
    putSecret: { body: secret, status: 200 },
    postSecret: { body: secret, status: 200 },
    deleteSecret: { path: `/workspaces/${lead}/secrets/SOME_KEY`, status: 200 },
    getSession: { status: 200 },
    createSession: { body: { token: ADMIN_TOKEN }, status: 200 },
    deleteSession: { status: 200 },
    listSessions: { status: 200 },
    revokeSession: { path: `/sessions/${cast.session}`, status: 200 },
    revokeOtherSessions: { status: 200 },
    createLoginLink: { status: 201 },
    createWorkspaceToken: { token, status: 201 },
    createWorkspaceTokenAsAdmin: { body: { label: 'a laptop' }, status: 201 },
    createTestToken: { status: 200 },
    listWorkspaceTokens: { status: 200 },
    revokeWorkspaceToken: { path: `/workspaces/${spare}/tokens/${cast.spareTokenId}`, status: 200 },
    // Ends every token of the workspace.
    rotateExternal: { path: `/workspaces/${spare}/external/rotate`, status: 200 },
    createOrgToken: { body: { name: 'ci', org_id: lead }, status: 200 },
    listOrgTokens: { status: 200 },
    revokeOrgToken: { path: `/org/tokens/${cast.orgToken}`, status: 200 },
    showLogin: { status: 200 },
    showLoginLink: { path: `/login/${cast.loginToken}`, status: 200 },
    useLoginLink: { path: `/login/${cast.loginToken}`, status: 303 },
    downloadMoleculeMcp: { status: 200 },
    health: { status: 200 },
    readyz: { status: 200 },
    buildinfo: { status: 200 },
    metrics: { status: 200 },
    openapi: { status: 200 },
    docs: { status: 200 },
    adminLiveness: { status: 200 },
    listEvents: { status: 200 },
    listWorkspaceEvents: { status: 200 },
    streamWorkspaceEvents: { status: 200 },
    // Asked for without an upgrade.
    live: { status: 426 },
    assignAgent: { body: { model: 'm' }, status: 201 },
    getAgent: { status: 200 },
    replaceAgent: { body: { model: 'n' }, status: 200 },
    moveAgent: { body: { target_workspace_id: worker }, status: 200 },
    removeAgent: { path: `/workspaces/${worker}/agent`, status: 200 },
    getViewport: { status: 200 },
    putViewport: { body: { x: 1, y: 2, zoom: 1 }, status: 200 },
    getWorkspaceConfig: { status: 200 },
    patchWorkspaceConfig: { body: { theme: 'dark' }, status: 200 },
    reportBootstrapFailed: { body: { error: 'no disk', log_tail: 'x' }, status: 200 },
    // Somebody else runs its agent, so this server has none of its output.
    getConsole: { status: 501 },
    setWorkspaceTemplate: { path: `/workspaces/${spare}/template`, body: { template: '' }, status: 200 },
    restartWorkspace: { path: `/workspaces/${spare}/restart`, status: 200 },
    hibernateWorkspace: { path: `/workspaces/${lead}/hibernate?force=true`, status: 200 },
    pauseWorkspace: { path: `/workspaces/${spare}/pause`, status: 200 },
    resumeWorkspace: { path: `/workspaces/${spare}/resume`, status: 200 },
    collapseWorkspace: { path: `/workspaces/${spare}/collapse`, status: 200 },
    deleteWorkspace: { path: `/workspaces/${spare}`, status: 200 },
  };
}

/** The body once per text in it, with that text replaced by one that is hard to store. */
function oddBodies(body: unknown): unknown[] {
  if (typeof body === 'string') return ['a\u0000b', 'a\ud800b', '\u001b[31m\r\n'];
  if (typeof body !== 'object' || body === null) return [];
  return Object.entries(body).flatMap(([name, inner]) =>
    oddBodies(inner).map((odd) => Object.assign(Array.isArray(body) ? [...body] : { ...body }, { [name]: odd })),
  );
}

/** An online workspace whose agent reads its messages instead of being called. */
async function addPoller(world: RealApp, name: string, parent?: string): Promise<{ id: string; token: string }> {
  const created = await world.call('POST', '/workspaces', {
    name,
    external: true,
    ...(parent === undefined ? {} : { parent_id: parent }),
  });
  expect(created).toMatchObject({ status: 201 });
  const id: string = created.body.id;
  const token: string = created.body.connection.auth_token;
  const card = { id, agent_card: { name }, delivery_mode: 'poll' };
  expect(await world.call('POST', '/registry/register', card, token)).toMatchObject({ status: 200 });
  return { id, token };
}

async function castOf(world: RealApp): Promise<Cast> {
  const lead = await addPoller(world, 'lead');
  const worker = await addPoller(world, 'worker', lead.id);
  const spare = await addPoller(world, 'spare', lead.id);
  const delegated = await world.call(
    'POST',
    `/workspaces/${lead.id}/delegate`,
    { target_id: worker.id, task: 'first' },
    lead.token,
  );
  const managed = await world.call('POST', '/workspaces', { name: 'managed', runtime: 'openclaw' });
  await world.call('POST', '/session', { token: ADMIN_TOKEN });
  const link = new URL(await world.app.createLoginLink());
  return {
    lead: lead.id,
    leadToken: lead.token,
    worker: worker.id,
    spare: spare.id,
    delegation: delegated.body.delegation_id,
    managed: managed.body.id,
    loginToken: link.pathname.split('/').at(-1) ?? '',
    session: (await world.call('GET', '/sessions')).body.sessions[0].id,
    spareTokenId: (await world.call('GET', `/workspaces/${spare.id}/tokens`)).body.tokens[0].id,
    orgToken: (await world.call('POST', '/org/tokens')).body.id,
  };
}

describe.each([
  ['on the lanes of production', {}],
  // A statement on the outer pool inside a transaction would wait for the only connection, which the transaction holds.
  ['on one connection per lane', { laneSizes: SINGLE_CONNECTION_LANES }],
])('the real app %s', (_what, overrides) => {
  const database = useTestDatabase();
  let world: RealApp;
  let cast: Cast;
  beforeAll(async () => {
    world = await startRealApp(database.url, overrides);
    cast = await castOf(world);
  });
  afterAll(() => world.close());

  it('R36: answers every declared route', async () => {
    const requests = plausible(cast);
    const answers: Record<string, string> = {};
    const expected: Record<string, string> = {};
    for (const name of Object.keys(requests) as RouteName[]) {
      const spec: RouteSpec = routes[name];
      const request = requests[name];
      const path = request.path ?? spec.path.replace(':id', cast.lead).replace(':delegationId', cast.delegation);
      const reply = await world.call(spec.method, path, request.body, request.token, request.headers);
      answers[name] =
        reply.status === request.status ? String(reply.status) : `${reply.status} ${JSON.stringify(reply.body)}`;
      expected[name] = String(request.status);
    }
    expect(answers).toEqual(expected);
    expect(Object.keys(answers).sort()).toEqual(Object.keys(routes).sort());
  });

  it('survives texts that Postgres or a terminal cannot hold, in every field of every route', async () => {
    const defects: string[] = [];
    const requests = plausible(cast);
    for (const name of Object.keys(requests) as RouteName[]) {
      const spec: RouteSpec = routes[name];
      const { path, body, token, headers } = requests[name];
      const at = path ?? spec.path.replace(':id', cast.lead).replace(':delegationId', cast.delegation);
      for (const odd of oddBodies(body)) {
        const reply = await world.call(spec.method, at, odd, token, headers);
        if (reply.status === 500) defects.push(`${name} ${JSON.stringify(odd)}: ${reply.body.request_id}`);
      }
      for (const query of Object.keys(spec.query ?? {})) {
        const reply = await world.call(spec.method, `${at}?${query}=%00%ED%A0%80`, body, token, headers);
        if (reply.status === 500) defects.push(`${name} ?${query}: ${reply.body.request_id}`);
      }
    }
    expect(defects).toEqual([]);
  });

  it('brings a workspace of its backend up, and takes it down again', async () => {
    const created = await world.call('POST', '/workspaces', { name: 'managed', runtime: 'echo' });
    const id: string = created.body.id;
    await waitFor(() => world.machine.countRunning(id) === 1, { what: 'the instance', timeoutMs: 15_000 });
    const token = world.machine.findToken(id) ?? '';
    await world.call('POST', '/registry/register', { id, agent_card: { name: 'managed' } }, token);
    await waitFor(async () => (await world.call('GET', `/workspaces/${id}`)).body.status === 'online', {
      what: 'online',
    });
    expect(await world.call('DELETE', `/workspaces/${id}`)).toMatchObject({
      status: 200,
      body: { status: 'removed', cascade_deleted: 0 },
    });
    expect(world.machine.countRunning(id)).toBe(0);
    expect(await world.call('GET', `/workspaces/${id}`, undefined, token)).toMatchObject({ status: 410, body: { id } });
  });
});

describe('200 parallel writes of every kind', () => {
  const database = useTestDatabase();
  let world: RealApp;
  beforeAll(async () => {
    // What would never get a connection is found either way. How long it takes on a machine that is busy with other
    // tests is not judged here, nor how fast health is meanwhile: the burst of bench/ measures both, as production waits.
    world = await startRealApp(database.url, { acquireTimeoutMs: 15_000 });
  });
  afterAll(() => world.close());

  it('are all accepted, health is answered throughout, and the pool comes to rest', async () => {
    const lead = await addPoller(world, 'lead');
    const worker = await addPoller(world, 'worker', lead.id);
    const at = `/workspaces/${lead.id}`;
    const card = { name: 'lead' };
    const org = (n: number) => ({ name: `Org ${n}`, workspaces: [{ name: `Root ${n}`, runtime: 'external' }] });
    const kinds: ((n: number) => Promise<RealReply>)[] = [
      (n) => world.call('POST', '/workspaces', { name: `burst ${n}`, external: true }),
      (n) => world.call('PATCH', at, { role: `role ${n}` }),
      (n) => world.call('PUT', `${at}/layout`, { x: n, y: n }),
      (n) => world.call('POST', '/settings/secrets', { key: `KEY_${n}`, value: 'v' }),
      (n) => world.call('POST', `${at}/secrets`, { key: `KEY_${n}`, value: 'v' }),
      (n) => world.call('POST', '/org/import', { template: org(n) }),
      () => world.call('POST', '/session', { token: ADMIN_TOKEN }),
      () => world.call('POST', '/registry/heartbeat', { workspace_id: lead.id, active_tasks: 1 }, lead.token),
      () => world.call('POST', '/registry/register', { id: lead.id, agent_card: card }, lead.token),
      () => world.call('POST', '/registry/update-card', { workspace_id: lead.id, agent_card: card }, lead.token),
      (n) => world.call('POST', `${at}/activity`, { activity_type: 'agent_log', summary: `${n}` }, lead.token),
      (n) => world.call('POST', `${at}/delegate`, { target_id: worker.id, task: `task ${n}` }, lead.token),
      (n) => world.call('POST', `/workspaces/${worker.id}/a2a`, toMessage('hello', `burst-${n}`)),
    ];
    let done = false;
    const health: number[] = [];
    const probing = (async () => {
      while (!done) health.push((await world.call('GET', '/health')).status);
    })();
    const replies = await Promise.all(Array.from({ length: 200 }, (_, n) => kinds[n % kinds.length]?.(n)));
    const answeredMeanwhile = health.length;
    done = true;
    await probing;
    const refused = replies.flatMap((reply, n) =>
      reply !== undefined && reply.status >= 200 && reply.status < 300 ? [] : [{ kind: n % kinds.length, reply }],
    );
    expect(refused).toEqual([]);
    expect(health.filter((status) => status !== 200)).toEqual([]);
    // One after the other while the writes were under way: health waited for none of them.
    expect(answeredMeanwhile).toBeGreaterThan(5);
    await waitFor(() => Object.values(world.app.database.stats()).every(({ waiting }) => waiting === 0), {
      what: 'nobody waiting for a connection',
    });
    await waitFor(() => Object.values(world.app.database.stats()).every(({ total, idle }) => total === idle), {
      what: 'every connection idle',
    });
  });
});

describe('when the database goes away', () => {
  const database = useTestDatabase();
  let proxy: DatabaseProxy;
  let world: RealApp;
  beforeAll(async () => {
    proxy = await createDatabaseProxy(database.url);
    world = await startRealApp(proxy.url);
  });
  afterAll(async () => {
    await world.close();
    await proxy.close();
  });

  it('requests are refused with 503, health goes on, and all is well once it is back', async () => {
    const lead = await addPoller(world, 'lead');
    const worker = await addPoller(world, 'worker', lead.id);
    const cast: Cast = {
      lead: lead.id,
      leadToken: lead.token,
      worker: worker.id,
      spare: worker.id,
      managed: worker.id,
      delegation: '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab',
      loginToken: 'AAAAAAAAAAAAAAAAAAAAAAAA',
      orgToken: worker.id,
      session: worker.id,
      spareTokenId: worker.id,
    };
    await proxy.cut();
    // What needs no database goes on; all else is refused in one way, a credential is never called wrong for it.
    const requests = plausible(cast);
    const answers: Record<string, string> = {};
    for (const name of Object.keys(requests) as RouteName[]) {
      const spec: RouteSpec = routes[name];
      const request = requests[name];
      const path = request.path ?? spec.path.replace(':id', cast.lead).replace(':delegationId', cast.delegation);
      const reply = await world.call(spec.method, path, request.body, request.token, request.headers);
      answers[name] = reply.status === 503 ? `503 ${reply.body.code}` : String(reply.status);
      if (reply.status === 503) expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const served = Object.entries(answers).filter(([, answer]) => answer !== '503 platform_unavailable');
    expect(Object.fromEntries(served)).toEqual({
      adminLiveness: '200',
      buildinfo: '200',
      deleteSession: '200',
      docs: '200',
      downloadMoleculeMcp: '200',
      getSession: '200',
      // Where the canvas was left; it opens without.
      getViewport: '200',
      health: '200',
      importTemplate: '201',
      installRuntime: '404',
      listOrgTemplates: '200',
      listRuntimes: '200',
      listTemplateProblems: '200',
      listTemplates: '200',
      live: '426',
      metrics: '200',
      openapi: '200',
      readSigningKeys: '200',
      removeRuntime: '404',
      showLogin: '200',
    });
    await proxy.restore();
    await waitFor(async () => (await world.call('GET', '/readyz')).status === 200, {
      what: 'readiness',
      timeoutMs: 20_000,
    });
    expect((await world.call('GET', `/workspaces/${lead.id}`)).body.status).toBe('online');
    const sent = await world.call('POST', `/workspaces/${worker.id}/a2a`, toMessage('again', 'after'));
    expect(sent.status).toBe(202);
  });
});
