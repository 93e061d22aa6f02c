import { createFakeAgent, type FakeAgent, waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { createSystemClock } from '../src/platform/clock.js';
import { createExternalDriver } from '../src/provisioners/external/external.driver.js';
import { createFakeBackend, type FakeControl } from '../src/provisioners/fake/fake.driver.js';
import { createProvisioner } from '../src/provisioners/shared-semantics.js';
import { toEnvelope } from './messages-world.js';
import { type RealApp, startRealApp } from './real-app.js';

export interface Poller {
  readonly id: string;
  readonly token: string;
}

/** A server with something behind every list, so that every parameter has something to show. */
export interface ParametersWorld {
  readonly app: RealApp;
  readonly machine: FakeControl;
  /** Answers every message it gets with a task that has made something. */
  readonly agent: FakeAgent;
  /** Reads its messages itself, and has one below it. */
  readonly lead: Poller;
  readonly worker: Poller;
  /** Runs on the backend of this server, online. */
  readonly managed: string;
  /** Is pushed its messages by this server; three people wrote to it. */
  readonly pushed: string;
  addPoller(name: string, parent?: string): Promise<Poller>;
  addManaged(name: string): Promise<string>;
  /** Gives a task to somebody; it lies in the inbox, or waits where its target is away. */
  delegate(from: Poller, to: string, task: string): Promise<string>;
  run(statement: ReturnType<typeof sql>): Promise<void>;
  close(): Promise<void>;
}

/** What agents of the backend have printed. Its cursor is how much of that a reader has. */
const PRINTED = ['one', 'two', 'three', 'four'];

export async function createParametersWorld(databaseUrl: string): Promise<ParametersWorld> {
  const clock = createSystemClock();
  const backend = createFakeBackend({ clock });
  const driver = {
    ...backend.createDriver(),
    console: {
      async read(_id: string, { linesMax, cursor }: { linesMax: number; cursor: string | null }) {
        const lines = cursor === null ? PRINTED.slice(-linesMax) : PRINTED.slice(Number(cursor)).slice(0, linesMax);
        return { lines, cursor: String(PRINTED.length) };
      },
    },
  };
  const provisioners = [createProvisioner(driver), createProvisioner(createExternalDriver({ clock }))];
  const app = await startRealApp(databaseUrl, { provisioners, defaultBackend: 'fake' });
  const agent = await createFakeAgent();
  const run = async (statement: ReturnType<typeof sql>): Promise<void> => {
    await statement.execute(app.app.ports.lanes.control);
  };

  const addPoller = async (name: string, parent?: string): Promise<Poller> => {
    const place = parent === undefined ? {} : { parent_id: parent };
    const { body } = await app.call('POST', '/workspaces', { name, external: true, ...place });
    const token: string = body.connection.auth_token;
    const card = { id: body.id, agent_card: { name }, delivery_mode: 'poll' };
    await app.call('POST', '/registry/register', card, token);
    return { id: body.id, token };
  };
  const addManaged = async (name: string): Promise<string> => {
    const { id } = (await app.call('POST', '/workspaces', { name, runtime: 'echo' })).body;
    await waitFor(() => backend.control.countRunning(id) === 1, { timeoutMs: 30_000, what: 'an instance' });
    const card = { id, agent_card: { name } };
    await app.call('POST', '/registry/register', card, backend.control.findToken(id) ?? '');
    await waitFor(async () => (await app.call('GET', `/workspaces/${id}`)).body.status === 'online', {
      timeoutMs: 30_000,
      what: 'a managed agent to be online',
    });
    return id;
  };
  const delegate = async (from: Poller, to: string, task: string): Promise<string> => {
    const asked = { target_id: to, task };
    return (await app.call('POST', `/workspaces/${from.id}/delegate`, asked, from.token)).body.delegation_id;
  };

  const lead = await addPoller('Lead');
  const worker = await addPoller('Worker', lead.id);
  const managed = await addManaged('Managed');
  const pushed = await addManaged('Pushed');
  await run(sql`update workspaces set url = ${agent.url}, url_from = 'driver' where id = ${pushed}`);
  agent.behave(({ body, text }) => {
    const artifacts = [{ artifactId: 'a', parts: [{ kind: 'text', text: `made of ${text}` }] }];
    const result = { kind: 'task', id: text, contextId: 'c', status: { state: 'completed' }, artifacts };
    return { kind: 'json', status: 200, body: { jsonrpc: '2.0', id: body.id, result } };
  });
  for (const [n, contextId] of ['first', 'second', 'second'].entries()) {
    const { params, ...envelope } = toEnvelope(`text ${n}`, `pushed-${n}`);
    const message = { ...params.message, contextId };
    await app.call('POST', `/workspaces/${pushed}/a2a`, { ...envelope, params: { message } });
  }
  await run(
    sql`update messages set updated_at = now() - interval '1 day' where target_id = ${pushed} and message_id = 'pushed-0'`,
  );
  return {
    app,
    machine: backend.control,
    agent,
    lead,
    worker,
    managed,
    pushed,
    addPoller,
    addManaged,
    delegate,
    run,
    async close() {
      await app.close();
      await agent.close();
    },
  };
}
