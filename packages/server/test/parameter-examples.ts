import type { Method, RouteName, Routes } from '@molecule/contract';
import { waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { WebSocket } from 'ws';
import { toEnvelope } from './messages-world.js';
import type { ParametersWorld } from './parameters-world.js';
import { ADMIN_TOKEN } from './real-app.js';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The answers to two requests that differ in one parameter alone, about the same state of affairs. */
export type Example = (world: ParametersWorld) => Promise<{ readonly without: Answer; readonly given: Answer }>;

type Parametrised = {
  [N in RouteName]: Routes[N] extends { readonly query: object } ? N : never;
}[RouteName];
type QueryOf<N extends Parametrised> = Routes[N] extends { readonly query: infer Q } ? Q : never;
/** A parameter that is declared and has no example does not compile. */
export type Examples = { readonly [N in Parametrised]: { readonly [P in keyof QueryOf<N>]: Example } };

type Text = string | ((world: ParametersWorld) => string | Promise<string>);
const textOf = async (text: Text, world: ParametersWorld): Promise<string> =>
  typeof text === 'string' ? text : text(world);

async function ask(world: ParametersWorld, method: Method, path: string, body?: unknown): Promise<Answer> {
  const reply = await world.app.call(method, path, body);
  return { status: reply.status, body: reply.body };
}

const ATTEMPTS_MAX = 10;

/**
 * A request that changes nothing. It is asked once more without the parameter: nothing else may have made the difference.
 * Where a loop of the server moved something in between, all is asked anew.
 */
function reading(path: Text, parameter: Text): Example {
  return async (world) => {
    const at = await textOf(path, world);
    const extended = `${at}${at.includes('?') ? '&' : '?'}${await textOf(parameter, world)}`;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const without = await ask(world, 'GET', at);
      const given = await ask(world, 'GET', extended);
      const again = await ask(world, 'GET', at);
      if (JSON.stringify(again) === JSON.stringify(without)) return { without, given };
    }
    throw new Error(`the answers to ${at} change by themselves`);
  };
}

/**
 * A request that the parameter keeps from changing anything: it can be made twice with the same answer, and what it is
 * about is still as it was when it is made in earnest.
 */
function trying(method: Method, path: Text, body?: unknown): Example {
  return async (world) => {
    const at = await textOf(path, world);
    await ask(world, method, `${at}?dry_run=true`, body);
    const given = await ask(world, method, `${at}?dry_run=true`, body);
    return { given, without: await ask(world, method, at, body) };
  };
}

/** A request that changes something, each about a subject of its own that is like the other. */
function changing(method: Method, prepare: (world: ParametersWorld) => Promise<string>, parameter: Text): Example {
  return async (world) => {
    const [one, other] = [await prepare(world), await prepare(world)];
    const extended = `${other}${other.includes('?') ? '&' : '?'}${await textOf(parameter, world)}`;
    return { without: await ask(world, method, one), given: await ask(world, method, extended) };
  };
}

const inbox = ({ lead }: ParametersWorld) => `/workspaces/${lead.id}/activity`;
const logOf = ({ managed }: ParametersWorld) => `/workspaces/${managed}/logs`;
const filesOf = ({ managed }: ParametersWorld) => `/workspaces/${managed}/files`;
const tasksOf = ({ pushed }: ParametersWorld) => `/a2a/${pushed}/tasks`;
const tokensOf = ({ worker }: ParametersWorld) => `/workspaces/${worker.id}/tokens`;
const globally = (name: string) => ({ key: name, value: 'a value' });

/** Rows of every kind in the inbox of the lead; the oldest a day before the others. Made once. */
async function filled(world: ParametersWorld): Promise<string> {
  const { app, lead, worker } = world;
  const log: { message_id: string | null }[] = (await app.call('GET', inbox(world))).body;
  if (log.some(({ message_id }) => message_id === 'inbox-1')) return inbox(world);
  await app.call('POST', `/workspaces/${lead.id}/a2a`, toEnvelope('from a person', 'inbox-1'));
  await app.call('POST', `/workspaces/${lead.id}/a2a`, toEnvelope('from a peer', 'inbox-2'), worker.token);
  await app.call(
    'POST',
    `${inbox(world)}`,
    { activity_type: 'agent_log', summary: 'its own', status: 'error' },
    lead.token,
  );
  await world.run(sql`
    update activity_logs set created_at = now() - interval '1 day' where workspace_id = ${lead.id} and message_id = 'inbox-1'`);
  return inbox(world);
}

/** Asks for what is not there yet, once with time to wait for it. `happen` makes it. */
function waiting(
  path: (world: ParametersWorld) => Promise<string>,
  happen: (world: ParametersWorld) => Promise<void>,
): Example {
  return async (world) => {
    const at = await path(world);
    const without = await ask(world, 'GET', at);
    const patient = ask(world, 'GET', `${at}${at.includes('?') ? '&' : '?'}wait=25`);
    await happen(world);
    return { without, given: await patient };
  };
}

/** What the first two frames of a live connection are, with one event made while it is open. */
async function listen(world: ParametersWorld, query: string): Promise<Answer> {
  const frames: { hello?: true; event?: string; payload?: unknown }[] = [];
  const socket = new WebSocket(`${world.app.url.replace('http', 'ws')}/ws${query}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString())));
  try {
    await waitFor(() => frames.length > 0, { timeoutMs: 20_000, what: 'the greeting' });
    await world.app.call('PATCH', `/workspaces/${world.worker.id}`, { role: 'heard live' });
    await waitFor(() => frames.filter(({ event }) => event !== 'WORKSPACE_HEARTBEAT').length >= 2, {
      timeoutMs: 20_000,
      what: 'an event',
    });
    return { status: 200, body: frames.filter(({ event }) => event !== 'WORKSPACE_HEARTBEAT')[1]?.event };
  } finally {
    socket.terminate();
  }
}

async function moreTokens(world: ParametersWorld): Promise<string> {
  for (let n = 0; n < 2; n += 1) await world.app.call('POST', tokensOf(world), {});
  return tokensOf(world);
}

async function fileTree(world: ParametersWorld): Promise<string> {
  const { files } = world.machine;
  files.write(world.managed, 'both.md', Buffer.from('of the workspace'), 'workspace');
  files.write(world.managed, 'both.md', Buffer.from('of the configuration'));
  files.write(world.managed, 'notes/deep/a.md', Buffer.from('a note'));
  return filesOf(world);
}

async function searched(world: ParametersWorld): Promise<string> {
  await filled(world);
  return `/workspaces/${world.lead.id}/session-search`;
}

/** Two of the lead and one of the worker. */
async function delegated(world: ParametersWorld): Promise<void> {
  const { lead, worker } = world;
  for (let n = 0; n < 2; n += 1) await world.delegate(lead, worker.id, nextName(world, 'down'));
  await world.delegate(worker, lead.id, nextName(world, 'up'));
}

const allDelegations = async (world: ParametersWorld) => delegated(world).then(() => '/admin/delegations');

async function queue(world: ParametersWorld): Promise<string> {
  for (let n = 0; n < 2; n += 1) await stale(world);
  return '/admin/a2a-queue';
}

async function orphans(world: ParametersWorld): Promise<string> {
  for (let n = 0; n < 2; n += 1) {
    await world.run(sql`
      insert into orphan_instances (backend, host_id, workspace_id, generation, running, reason)
      values ('elsewhere', '', gen_random_uuid(), 1, true, 'workspace_unknown')`);
  }
  return '/admin/orphans';
}

const nextName = (world: ParametersWorld, what: string): string =>
  `${what} ${world.app.app.ports.random.uuid().slice(0, 8)}`;

async function bigFamily(world: ParametersWorld): Promise<string> {
  const top = await world.addPoller(nextName(world, 'Top'));
  await world.addPoller(nextName(world, 'Below'), top.id);
  return `/workspaces/${top.id}`;
}

/** A message that has waited for two hours, for a workspace that is not there yet. */
async function stale(world: ParametersWorld): Promise<string> {
  const name = nextName(world, 'Away');
  const { id } = (await world.app.call('POST', '/workspaces', { name, external: true })).body;
  await world.run(sql`update workspaces set delivery_mode = 'push' where id = ${id}`);
  await world.app.call('POST', `/workspaces/${id}/a2a`, toEnvelope('x', name));
  await world.run(sql`update messages set created_at = now() - interval '2 hours' where target_id = ${id}`);
  return id;
}

const DROP = '/admin/a2a-queue/drop-stale';

/** One message waits in both cases, and what the parameter is about besides. */
function dropping(toParameter: (world: ParametersWorld) => Promise<string>): Example {
  return async (world) => {
    const drop = async (query: (parameter: string) => string): Promise<Answer> => {
      await ask(world, 'POST', DROP);
      await stale(world);
      return ask(world, 'POST', `${DROP}${query(await toParameter(world))}`);
    };
    return { without: await drop(() => ''), given: await drop((parameter) => `?${parameter}`) };
  };
}

const withGlobal = (name: string, path: string) => async (world: ParametersWorld) => {
  await world.app.call('POST', '/settings/secrets', globally(name));
  return `${path}/${name}`;
};

export const EXAMPLES: Examples = {
  putGlobalSecret: { dry_run: trying('PUT', '/settings/secrets', globally('A_KEY')) },
  postGlobalSecret: { dry_run: trying('POST', '/settings/secrets', globally('B_KEY')) },
  postGlobalSecretAlias: { dry_run: trying('POST', '/admin/secrets', globally('C_KEY')) },
  deleteGlobalSecret: { dry_run: trying('DELETE', withGlobal('D_KEY', '/settings/secrets')) },
  deleteGlobalSecretAlias: { dry_run: trying('DELETE', withGlobal('E_KEY', '/admin/secrets')) },
  putSecret: { dry_run: trying('PUT', ({ lead }) => `/workspaces/${lead.id}/secrets`, globally('F_KEY')) },
  postSecret: { dry_run: trying('POST', ({ lead }) => `/workspaces/${lead.id}/secrets`, globally('G_KEY')) },
  deleteSecret: {
    dry_run: trying('DELETE', async ({ app, lead }) => {
      await app.call('POST', `/workspaces/${lead.id}/secrets`, globally('H_KEY'));
      return `/workspaces/${lead.id}/secrets/H_KEY`;
    }),
  },
  putModel: { dry_run: trying('PUT', ({ lead }) => `/workspaces/${lead.id}/model`, { model: 'minimax/MiniMax-M2.7' }) },
  putProvider: { dry_run: trying('PUT', ({ lead }) => `/workspaces/${lead.id}/provider`, { provider: 'minimax' }) },
  importOrg: { dry_run: trying('POST', '/org/import', { dir: 'starter' }) },

  listWorkspaceTokens: {
    limit: reading(moreTokens, 'limit=1'),
    offset: reading(moreTokens, 'offset=1'),
  },
  listFiles: {
    root: reading(fileTree, 'root=/workspace'),
    path: reading(fileTree, 'path=notes'),
    depth: reading(fileTree, 'depth=3'),
  },
  readFile: { root: reading(async (world) => `${await fileTree(world)}/both.md`, 'root=/workspace') },
  getWorkspaceLogs: { limit: reading(logOf, 'limit=2'), after: reading(logOf, 'after=3') },

  listActivity: {
    type: reading(filled, 'type=agent_log'),
    source: reading(filled, 'source=canvas'),
    outcome: reading(filled, 'outcome=failed'),
    peer_id: reading(filled, ({ worker }) => `peer_id=${worker.id}`),
    before_ts: reading(filled, () => `before_ts=${new Date(Date.now() - 3_600_000).toISOString()}`),
    since_id: reading(filled, async (world) => {
      const rows: { id: string }[] = (await world.app.call('GET', inbox(world))).body;
      return `since_id=${rows.at(-1)?.id}`;
    }),
    since_secs: reading(filled, 'since_secs=3600'),
    limit: reading(filled, 'limit=1'),
    wait: waiting(
      async (world) => {
        const [newest] = (await world.app.call('GET', await filled(world))).body;
        return `${inbox(world)}?since_id=${newest.id}`;
      },
      async ({ app, lead }) => {
        await app.call('POST', `/workspaces/${lead.id}/a2a`, toEnvelope('awaited', 'inbox-3'));
      },
    ),
  },
  searchSession: {
    q: reading(searched, 'q=its+own'),
    limit: reading(searched, 'limit=1'),
  },
  listDelegations: {
    limit: reading(async (world) => delegated(world).then(() => `/workspaces/${world.lead.id}/delegations`), 'limit=1'),
  },
  getDelegation: {
    wait: async (world) => {
      const id = await world.delegate(world.lead, world.worker.id, 'awaited');
      const at = `/workspaces/${world.lead.id}/delegations/${id}`;
      const done = { status: 'completed', response: 'done' };
      const { worker } = world;
      return waiting(
        async () => at,
        async ({ app }) => {
          await app.call('POST', `/workspaces/${worker.id}/delegations/${id}/update`, done, worker.token);
        },
      )(world);
    },
  },
  listAllDelegations: {
    status: reading(allDelegations, 'status=completed'),
    limit: reading(allDelegations, 'limit=1'),
    caller_id: reading(allDelegations, ({ worker }) => `caller_id=${worker.id}`),
  },
  listQueue: {
    workspace_id: reading(queue, ({ lead }) => `workspace_id=${lead.id}`),
    limit: reading(queue, 'limit=1'),
  },
  dropStale: {
    max_age_minutes: dropping(async () => 'max_age_minutes=180'),
    workspace_id: dropping(async (world) => `workspace_id=${await stale(world)}`),
  },

  readA2A: {
    contextId: reading(tasksOf, 'contextId=first'),
    status: reading(tasksOf, 'status=TASK_STATE_FAILED'),
    statusTimestampAfter: reading(
      tasksOf,
      () => `statusTimestampAfter=${new Date(Date.now() - 3_600_000).toISOString()}`,
    ),
    historyLength: reading(tasksOf, 'historyLength=0'),
    includeArtifacts: reading(tasksOf, 'includeArtifacts=true'),
    pageSize: reading(tasksOf, 'pageSize=1'),
    pageToken: reading(tasksOf, async (world) => {
      const { body } = await world.app.call('GET', `${tasksOf(world)}?pageSize=1`);
      return `pageToken=${body.nextPageToken}`;
    }),
  },

  listPeers: { q: reading(({ lead }) => `/registry/${lead.id}/peers`, 'q=no+such+name') },
  listEvents: { limit: reading('/events', 'limit=1'), after: reading('/events', 'after=2') },
  listWorkspaceEvents: {
    limit: reading(({ lead }) => `/events/${lead.id}`, 'limit=1'),
    after: reading(({ lead }) => `/events/${lead.id}`, 'after=1'),
  },
  live: {
    since: async (world) => ({ without: await listen(world, ''), given: await listen(world, '?since=0') }),
  },
  listOrphans: {
    limit: reading(orphans, 'limit=1'),
    after: reading(orphans, 'after=1'),
  },

  getWorkspace: {
    include_removed: async (world) => {
      const { id } = await world.addPoller(nextName(world, 'Gone'));
      await world.app.call('DELETE', `/workspaces/${id}`);
      return reading(`/workspaces/${id}`, 'include_removed=true')(world);
    },
  },
  deleteWorkspace: {
    confirm: changing('DELETE', bigFamily, 'confirm=true'),
    purge: changing(
      'DELETE',
      async (world) => `/workspaces/${(await world.addPoller(nextName(world, 'Lone'))).id}`,
      'purge=true',
    ),
  },
  restartWorkspace: {
    reset: changing(
      'POST',
      async (world) => `/workspaces/${await world.addManaged(nextName(world, 'Again'))}/restart`,
      'reset=true',
    ),
  },
  hibernateWorkspace: {
    force: changing(
      'POST',
      async (world) => {
        const { addManaged, app, machine } = world;
        const id = await addManaged(nextName(world, 'Busy'));
        const beat = { workspace_id: id, active_tasks: 1 };
        await app.call('POST', '/registry/heartbeat', beat, machine.findToken(id) ?? '');
        return `/workspaces/${id}/hibernate`;
      },
      'force=true',
    ),
  },
};
