import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { bundleProgram, waitFor } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { createDatabaseProxy, type DatabaseProxy } from './database-proxy.js';
import { type RealApp, startRealApp } from './real-app.js';

interface Host {
  /** The text of a tool's answer. */
  tool(name: string, args?: Record<string, unknown>): Promise<string>;
  call(name: string, args: Record<string, unknown>): Promise<{ readonly text: string; readonly failed: boolean }>;
  readonly client: Client;
  /** `params` of every channel notification so far. */
  readonly notices: readonly { content: string; meta: Record<string, string> }[];
  close(): Promise<void>;
}

/** The real program over real stdio with the client of the protocol's own SDK, against the whole server. */
describe('molecule-mcp', () => {
  const database = useTestDatabase();
  let proxy: DatabaseProxy;
  let app: RealApp;
  let program: Awaited<ReturnType<typeof bundleProgram>>;
  let folder: string;
  const hosts: Host[] = [];
  beforeAll(async () => {
    proxy = await createDatabaseProxy(database.url);
    [app, program, folder] = await Promise.all([
      startRealApp(proxy.url),
      bundleProgram('runtime/src/molecule-mcp/main.ts'),
      mkdtemp(join(tmpdir(), 'molecule-mcp-')),
    ]);
  });
  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.close()));
    await app.close();
    await proxy.close();
    await Promise.all([program.remove(), rm(folder, { recursive: true, force: true })]);
  });

  async function add(name: string, more: object = {}): Promise<{ id: string; token: string }> {
    const { body } = await app.call('POST', '/workspaces', { name, external: true, ...more });
    return { id: body.id, token: body.connection.auth_token };
  }

  async function connect(
    variables: Record<string, string>,
    mode: 'legacy' | { pin: string } = 'legacy',
  ): Promise<Host> {
    const configs = await mkdtemp(join(folder, 'configs-'));
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [program.file],
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        CONFIGS_DIR: configs,
        PLATFORM_URL: `${app.url}/`,
        ...variables,
      },
      stderr: 'ignore',
    });
    const client = new Client({ name: 'a host', version: '1' }, { versionNegotiation: { mode } });
    const notices: Host['notices'][number][] = [];
    client.fallbackNotificationHandler = async ({ method, params }) => {
      if (method === 'notifications/claude/channel') notices.push(params as unknown as Host['notices'][number]);
    };
    await client.connect(transport);
    const host: Host = {
      client,
      notices,
      tool: async (name, args = {}) => (await host.call(name, args)).text,
      async call(name, args) {
        const { content, isError } = await client.callTool({ name, arguments: args });
        const [first] = content as { text: string }[];
        return { text: first?.text ?? '', failed: isError === true };
      },
      close: () => client.close(),
    };
    hosts.push(host);
    return host;
  }

  const as = ({ id, token }: { id: string; token: string }) => ({ WORKSPACE_ID: id, MOLECULE_WORKSPACE_TOKEN: token });
  const statusOf = async (id: string) => (await app.call('GET', `/workspaces/${id}`)).body.status;
  const online = (id: string) => waitFor(async () => (await statusOf(id)) === 'online');
  const write = async (id: string, text: string, token?: string) => {
    const message = { role: 'user', messageId: `m-${text}`, parts: [{ kind: 'text', text }] };
    const body = { jsonrpc: '2.0', id: 1, method: 'message/send', params: { message } };
    return (await app.call('POST', `/workspaces/${id}/a2a`, body, token)).body.activity_id as string;
  };

  it('R18: brings its workspace online, hears what a person writes, and the answer stands under the question', async () => {
    const me = await add('Away');
    const host = await connect(as(me));
    await online(me.id);
    expect(host.client.getInstructions()).toMatch(/wait_for_message\(timeout_secs=2\)/);
    expect(host.client.getServerCapabilities()?.experimental).toEqual({ 'claude/channel': {} });
    const waiting = host.tool('wait_for_message', { timeout_secs: 60 });
    // A tool that waits does not hold up another.
    expect(await host.tool('inbox_peek')).toBe('[]');
    const id = await write(me.id, 'how are you?');
    const head = JSON.parse(await waiting);
    expect(head).toMatchObject({ activity_id: id, text: 'how are you?', kind: 'canvas_user', peer_id: '' });
    await waitFor(() => host.notices.length === 1);
    expect(host.notices[0]).toMatchObject({
      content: '[from canvas user]\nhow are you?',
      meta: { source: 'molecule', kind: 'canvas_user', peer_id: '', activity_id: id, method: 'message/send' },
    });
    expect(await host.tool('reply_to_message', { activity_id: id, message: 'fine' })).toBe('Reply sent');
    expect(JSON.parse(await host.tool('inbox_pop', { activity_id: id }))).toEqual({ removed: true, activity_id: id });
    expect(await host.tool('send_message_to_user', { message: 'and a note' })).toBe('Message sent to user');
    const { body } = await app.call('GET', `/workspaces/${me.id}/activity?type=a2a_receive`);
    expect(body).toMatchObject([
      { method: 'notify', response_body: { result: 'and a note' } },
      { id, response_body: { result: { parts: [{ text: 'fine' }] } } },
    ]);
    // What it said itself does not come back to it.
    expect(JSON.parse(await host.tool('wait_for_message', { timeout_secs: 0 }))).toEqual({
      timeout: true,
      timeout_secs: 0,
    });
  });

  it('gives a task to a peer and gets the outcome; the peer ends it by its reply', async () => {
    const lead = await add('Lead');
    const worker = await add('Worker', { parent_id: lead.id, role: 'writes' });
    const [leading, working] = await Promise.all([connect(as(lead)), connect(as(worker))]);
    await Promise.all([online(lead.id), online(worker.id)]);
    expect(await leading.tool('list_peers')).toContain(`- Worker (ID: ${worker.id}, status: online, role: writes)`);
    const outcome = leading.call('delegate_task', { workspace_id: worker.id, task: 'write a line' });
    const task = JSON.parse(await working.tool('wait_for_message', { timeout_secs: 20 }));
    expect(task).toMatchObject({ kind: 'peer_agent', peer_id: lead.id, peer_name: 'Lead', text: 'write a line' });
    expect(task.delegation_id).toBeTypeOf('string');
    await working.tool('reply_to_message', { activity_id: task.activity_id, message: 'Error handling is a line' });
    // What a peer says is no failure of the tool, however it begins.
    expect(await outcome).toEqual({ text: 'Error handling is a line', failed: false });
    // The same outcome is in the inbox of whoever gave the task.
    const result = JSON.parse(await leading.tool('wait_for_message', { timeout_secs: 20 }));
    expect(result).toMatchObject({
      kind: 'delegation_result',
      text: 'Error handling is a line',
      method: 'delegate_result',
    });
    const status = JSON.parse(
      await leading.tool('check_task_status', { workspace_id: worker.id, task_id: task.delegation_id }),
    );
    expect(status).toMatchObject({ status: 'completed', response: 'Error handling is a line', target_id: worker.id });
    const failing = leading.call('delegate_task', { workspace_id: worker.id, task: 'write two' });
    await working.tool('inbox_pop', { activity_id: task.activity_id });
    const second = JSON.parse(await working.tool('wait_for_message', { timeout_secs: 20 }));
    await working.tool('reply_to_message', { activity_id: second.activity_id, message: 'no ink', failed: true });
    expect(await failing).toEqual({
      text: expect.stringMatching(/^DELEGATION FAILED to Worker: no ink\n.*try again later/),
      failed: true,
    });
    const history = JSON.parse(await leading.tool('chat_history', { peer_id: worker.id }));
    expect(history.map((row: { method: string }) => row.method)).toContain('delegate_result');
  });

  it('M-40: says that a long task is still running; an asynchronous one given twice is one, and no failure', async () => {
    const lead = await add('Patient');
    const slow = await add('Slow', { parent_id: lead.id });
    const host = await connect({ ...as(lead), DELEGATION_TIMEOUT: '1' });
    await online(lead.id);
    expect(await host.tool('delegate_task', { workspace_id: slow.id, task: 'long' })).toMatch(
      /^still running, task_id=[0-9a-f-]{36}/,
    );
    const give = () => host.call('delegate_task_async', { workspace_id: slow.id, task: 'once' });
    // Both together, and once more when it is long known.
    const answers = [...(await Promise.all([give(), give()])), await give()];
    expect(answers.map(({ failed }) => failed)).toEqual([false, false, false]);
    const [first, second, third] = answers.map(({ text }) => JSON.parse(text));
    expect(third.delegation_id).toBe(first.delegation_id);
    expect(first).toMatchObject({ status: 'delegated', workspace_id: slow.id });
    expect(second.delegation_id).toBe(first.delegation_id);
    const listed = JSON.parse(await host.tool('check_task_status', { workspace_id: slow.id, task_id: '' }));
    expect(listed.count).toBe(2);
  });

  it('refuses in words a model can act on', async () => {
    const me = await add('Alone');
    const stranger = await add('Child of another', { parent_id: (await add('Another')).id });
    const host = await connect(as(me));
    expect(await host.tool('delegate_task', { workspace_id: stranger.id })).toBe(
      'Error: workspace_id and task are required',
    );
    expect(await host.tool('delegate_task', { workspace_id: stranger.id, task: 'x' })).toBe(
      `Error: workspace ${stranger.id} not found or not accessible (check access control)`,
    );
    expect(await host.tool('send_message_to_user', { message: '' })).toBe('Error: message is required');
    expect(await host.tool('send_message_to_user', { message: 'x', attachments: ['/a'] })).toMatch(
      /^Error: attachments/,
    );
    expect(await host.tool('inbox_pop')).toBe('Error: activity_id is required.');
    expect(await host.tool('chat_history', { peer_id: 'me' })).toMatch(/^Error: /);
    expect(await host.tool('no_such_tool')).toBe('Unknown tool: no_such_tool');
    expect(JSON.parse(await host.tool('check_task_status', { workspace_id: '', task_id: 'x' }))).toEqual({
      status: 'not_found',
      delegation_id: 'x',
    });
    await app.call('DELETE', `/workspaces/${me.id}`);
    expect(JSON.parse(await host.tool('get_workspace_info'))).toMatchObject({ error: 'removed', id: me.id });
  });

  it('speaks the current revision of the protocol as well, with the same tools', async () => {
    const me = await add('Modern');
    const host = await connect(as(me), { pin: '2026-07-28' });
    await online(me.id);
    const { tools } = await host.client.listTools();
    expect(tools.map((tool) => tool.name)).toContain('delegate_task');
    expect(JSON.parse(await host.tool('get_workspace_info'))).toMatchObject({ id: me.id, name: 'Modern' });
    await write(me.id, 'to a modern host');
    expect(JSON.parse(await host.tool('wait_for_message', { timeout_secs: 20 }))).toMatchObject({
      text: 'to a modern host',
    });
    await waitFor(() => host.notices.length === 1);
  });

  it('speaks for several workspaces, each with its own credentials and inbox', async () => {
    const [one, two] = [await add('One'), await add('Two')];
    const peer = await add('Peer of two', { parent_id: two.id });
    const list = [one, two].map(({ id, token }) => ({ id, token }));
    const host = await connect({ MOLECULE_WORKSPACES: JSON.stringify(list) });
    await Promise.all([online(one.id), online(two.id)]);
    await write(two.id, 'to the second');
    const head = JSON.parse(await host.tool('wait_for_message', { timeout_secs: 20 }));
    expect(head).toMatchObject({ text: 'to the second', arrival_workspace_id: two.id });
    expect(await host.tool('list_peers')).toContain(
      `Peer of two (ID: ${peer.id}, status: awaiting_agent, role: , via: ${two.id.slice(0, 8)})`,
    );
    // The peer is known through the second workspace, so the task goes out from there.
    const given = JSON.parse(await host.tool('delegate_task_async', { workspace_id: peer.id, task: 'x' }));
    const { body } = await app.call('GET', `/workspaces/${two.id}/delegations`);
    expect(body).toMatchObject([{ delegation_id: given.delegation_id }]);
    expect(await host.tool('get_workspace_info', { source_workspace_id: 'other' })).toMatch(/^Error: other is none of/);
  });

  it('M-33: does not hear what it said itself, and goes on behind it', async () => {
    const me = await add('Talker');
    const configs = await mkdtemp(join(folder, 'talker-'));
    const host = await connect({ ...as(me), CONFIGS_DIR: configs });
    await online(me.id);
    const place = async () => (await readFile(join(configs, '.mcp_inbox_cursor'), 'utf8').catch(() => '')).trim();
    const newest = async () =>
      (await app.call('GET', `/workspaces/${me.id}/activity?type=a2a_receive&limit=1`)).body[0].id as string;
    await host.tool('send_message_to_user', { message: 'note to the person' });
    await waitFor(async () => (await place()) === (await newest()), { what: 'its place to pass the note' });
    const own = { activity_type: 'a2a_receive', method: 'message/send', summary: 'self', source_id: me.id };
    expect((await app.call('POST', `/workspaces/${me.id}/activity`, own, me.token)).status).toBe(200);
    await waitFor(async () => (await place()) === (await newest()), { what: 'its place to pass its own row' });
    await write(me.id, 'at last');
    const heard = JSON.parse(await host.tool('wait_for_message', { timeout_secs: 20 }));
    expect(heard).toMatchObject({ text: 'at last' });
    expect(JSON.parse(await host.tool('inbox_peek', { limit: 50 }))).toHaveLength(1);
  });

  it('M-35: hears each message once, also when the platform has forgotten its place and it reads all of them again', async () => {
    const me = await add('Forgotten');
    const configs = await mkdtemp(join(folder, 'forgotten-'));
    const host = await connect({ ...as(me), CONFIGS_DIR: configs });
    await online(me.id);
    const place = async () => (await readFile(join(configs, '.mcp_inbox_cursor'), 'utf8').catch(() => '')).trim();
    const db = app.app.ports.lanes.control;
    const [first, second] = [await write(me.id, 'first'), await write(me.id, 'second')];
    await waitFor(async () => (await place()) === second, { what: 'both to be heard' });
    await sql`delete from activity_logs where id = ${second}`.execute(db);
    // Ends the question that hangs, which had found its place before that; the next one does not.
    const { transact, commit } = app.app.ports;
    const rotated = {
      type: 'EXTERNAL_CREDENTIALS_ROTATED',
      workspaceId: me.id,
      payload: { workspace_id: me.id },
    } as const;
    await transact('control', (tx) => commit(tx, { events: [rotated] }));
    await waitFor(async () => (await place()) === first, { timeoutMs: 60_000, what: 'it to read from the beginning' });
    const third = await write(me.id, 'third');
    await waitFor(async () => (await place()) === third, { what: 'its place behind the third' });
    const ids = [first, second, third];
    expect(host.notices.map(({ meta }) => meta.activity_id)).toEqual(ids);
    const waiting: { activity_id: string }[] = JSON.parse(await host.tool('inbox_peek', { limit: 50 }));
    expect(waiting.map(({ activity_id }) => activity_id)).toEqual(ids);
  }, 90_000);

  it('B-75: is told that a note cannot be stored now, goes on, and is heard when it says it again', async () => {
    const me = await add('Interrupted');
    const host = await connect(as(me));
    await online(me.id);
    const say = () => host.call('send_message_to_user', { message: 'once' });
    const refused = await proxy.without(say);
    expect(refused).toEqual({ text: expect.stringMatching(/^Error: /), failed: true });
    expect(JSON.parse(await host.tool('inbox_peek'))).toEqual([]);
    await waitFor(async () => !(await say()).failed, { timeoutMs: 60_000, what: 'the note to be taken' });
    const { body } = await app.call('GET', `/workspaces/${me.id}/activity?type=a2a_receive`);
    expect(body).toMatchObject([{ method: 'notify', response_body: { result: 'once' } }]);
    const { body: events } = await app.call('GET', `/events/${me.id}`);
    expect(events.filter(({ event_type }: { event_type: string }) => event_type === 'AGENT_MESSAGE')).toHaveLength(1);
  }, 120_000);

  describe('alone with a host', () => {
    interface Asked {
      readonly path: string;
      readonly origin: string | undefined;
    }
    let asked: Asked[];
    let platform: Server;
    let children: ChildProcess[];
    beforeEach(async () => {
      asked = [];
      children = [];
      platform = createServer((request, response) => {
        asked.push({ path: request.url?.split('?')[0] ?? '', origin: request.headers.origin });
        request.resume();
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(request.method === 'GET' ? '[]' : '{"status":"ok"}');
      });
      await new Promise<void>((resolve) => platform.listen(0, '127.0.0.1', resolve));
    });
    afterEach(() => {
      for (const child of children) child.kill('SIGKILL');
      platform.closeAllConnections();
      platform.close();
    });

    /** The program with its input open, as a host holds it, and everything it has written so far. */
    async function start() {
      const { port } = platform.address() as AddressInfo;
      const base = `http://127.0.0.1:${port}`;
      const child = spawn(process.execPath, [program.file], {
        env: {
          ...{ PATH: process.env.PATH ?? '', HOME: folder, CONFIGS_DIR: await mkdtemp(join(folder, 'alone-')) },
          ...{
            PLATFORM_URL: base,
            WORKSPACE_ID: '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab',
            MOLECULE_WORKSPACE_TOKEN: 't',
          },
        },
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      children.push(child);
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      return { base, child, output: () => output };
    }

    it('M-25: registers its workspace and keeps it alive before the host has said a word', async () => {
      const { base } = await start();
      const of = (path: string) => asked.filter((one) => one.path === path);
      await waitFor(() => of('/registry/heartbeat').length > 0, { timeoutMs: 30_000, what: 'a heartbeat' });
      expect(of('/registry/register')).toEqual([{ path: '/registry/register', origin: base }]);
      expect(of('/registry/heartbeat')).toContainEqual({ path: '/registry/heartbeat', origin: base });
    });

    it('M-36: answers a short request at once, with its input still open', async () => {
      const { child, output } = await start();
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } };
      const line = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
      expect(line.length).toBeLessThan(200);
      child.stdin?.write(`${line}\n`);
      await waitFor(() => output().includes('\n'), { timeoutMs: 30_000, what: 'the answer' });
      expect(JSON.parse(output().split('\n')[0] ?? '')).toMatchObject({
        id: 1,
        result: { serverInfo: { name: 'molecule' } },
      });
      expect(child.exitCode).toBeNull();
    });
  });

  describe('when it cannot start', () => {
    const run = (variables: Record<string, string>): Promise<{ code: number | null; error: string }> =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [program.file], {
          env: { PATH: process.env.PATH ?? '', HOME: folder, CONFIGS_DIR: folder, ...variables },
          stdio: ['pipe', 'ignore', 'pipe'],
        });
        let error = '';
        child.stderr.on('data', (chunk: Buffer) => {
          error += chunk.toString();
        });
        child.on('exit', (code) => resolve({ code, error }));
      });

    it('M-32: lists everything that is missing or wrong, and exits with 2', async () => {
      const nothing = await run({});
      expect(nothing.code).toBe(2);
      for (const name of ['PLATFORM_URL', 'WORKSPACE_ID', 'MOLECULE_WORKSPACE_TOKEN']) {
        expect(nothing.error).toContain(`${name} is missing`);
      }
      const several = await run({
        PLATFORM_URL: app.url,
        MOLECULE_WORKSPACES: JSON.stringify([{ id: 'a', token: 't' }, { id: 'a', token: '' }, 'x']),
      });
      expect(several.code).toBe(2);
      expect(several.error).toMatch(/\[1\] has no token.*\[1\] repeats the id a.*\[2\] must be an object/s);
    });

    it('exits with 3 when the platform refuses the token', async () => {
      const me = await add('Refused');
      const refused = await run({ PLATFORM_URL: app.url, WORKSPACE_ID: me.id, MOLECULE_WORKSPACE_TOKEN: 'wrong' });
      expect(refused.code).toBe(3);
      expect(refused.error).toContain('refused the token');
    });
  });

  it('B-24: keeps the secret by which the platform will call it, readable by its owner alone', async () => {
    const me = await add('Keeper');
    const configs = await mkdtemp(join(folder, 'kept-'));
    await connect({ ...as(me), CONFIGS_DIR: configs });
    const secret = await waitFor(() => readFile(join(configs, '.platform_inbound_secret'), 'utf8').catch(() => null));
    expect(secret.trim()).not.toBe('');
    expect((await stat(join(configs, '.platform_inbound_secret'))).mode & 0o777).toBe(0o600);
  });
});
