import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createFakeAgent, type FakeAgent } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { ADMIN_TOKEN, type RealApp, startRealApp } from './real-app.js';

const GUIDE = fileURLToPath(new URL('../../../docs/guides/talk-a2a-to-a-workspace.md', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));
const run = promisify(execFile);

/** The whole server with its real doors, and the commands of the guide as its readers paste them. */
describe('the guide to A2A', () => {
  const database = useTestDatabase();
  let world: RealApp;
  let agent: FakeAgent;
  let id: string;
  let token: string;
  let blocks: readonly { readonly language: string; readonly code: string }[];

  beforeAll(async () => {
    world = await startRealApp(database.url);
    agent = await createFakeAgent({ kind: 'answer', text: 'hello yourself' });
    const created = await world.call('POST', '/workspaces', { name: 'Greeter', external: true });
    id = created.body.id;
    token = created.body.connection.auth_token;
    const card = { name: 'Greeter', description: 'Greets everybody' };
    const registered = { id, url: agent.url, agent_card: card, delivery_mode: 'push' };
    expect(await world.call('POST', '/registry/register', registered, token)).toMatchObject({ status: 200 });
    const text = await readFile(GUIDE, 'utf8');
    blocks = [...text.matchAll(/^```(sh|js)\n(.*?)^```$/gms)].map(([, language = '', code = '']) => ({
      language,
      code,
    }));
  });
  afterAll(async () => {
    await agent.close();
    await world.close();
  });

  const environment = () => ({ PATH: process.env.PATH, MOLECULE_URL: world.url, TOKEN: ADMIN_TOKEN, ID: id });
  const shell = async (code: string) => (await run('sh', ['-ec', code], { env: environment() })).stdout;

  it('shows commands that do what it says', async () => {
    const [card = '', wait = '', later = '', stream = ''] = blocks.flatMap(({ language, code }) =>
      language === 'sh' ? [code] : [],
    );
    expect(JSON.parse(await shell(card))).toMatchObject({ name: 'Greeter', description: 'Greets everybody' });
    expect(JSON.parse(await shell(wait))).toMatchObject({ message: { parts: [{ text: 'hello yourself' }] } });
    const listed = await shell(later);
    expect(listed).toMatch(/^\{"task":\{"id":"[^"]+"/);
    expect(listed).toMatch(/"totalSize":2\}$/);
    expect(await shell(stream)).toMatch(
      /"task"[\s\S]*"artifactUpdate"[\s\S]*hello yourself[\s\S]*TASK_STATE_COMPLETED/,
    );
  });

  it('shows a program that does what it says', async () => {
    const program = blocks.find(({ language }) => language === 'js')?.code ?? '';
    // Below this folder, so that the program finds the SDK.
    const folder = await mkdtemp(join(HERE, 'guide-'));
    try {
      await writeFile(join(folder, 'program.mjs'), program);
      const { stdout } = await run(process.execPath, [join(folder, 'program.mjs')], { env: environment() });
      expect(JSON.parse(stdout)).toMatchObject({ parts: [{ content: { value: 'hello yourself' } }] });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('tells the truth about who may come in', async () => {
    const at = `/a2a/${id}/.well-known/agent-card.json`;
    expect(await world.call('GET', at, undefined, 'no-such-token')).toMatchObject({ status: 401 });
    const bare = await fetch(`${world.url}${at}`);
    expect(bare.status).toBe(401);
    const other = await world.call('POST', '/workspaces', { name: 'Child', external: true, parent_id: id });
    const childToken: string = other.body.connection.auth_token;
    const body = { message: { messageId: 'from-child', role: 'ROLE_USER', parts: [{ text: 'hi' }] } };
    expect(await world.call('POST', `/a2a/${id}/message:send`, body, childToken)).toMatchObject({ status: 200 });
    const own = await world.call('GET', `/a2a/${id}/tasks`, undefined, childToken);
    expect(own.body).toMatchObject({ totalSize: 1, tasks: [{ history: [{ messageId: 'from-child' }] }] });
    expect((await world.call('GET', `/a2a/${id}/tasks`)).body.totalSize).toBeGreaterThan(1);
    const claim = { 'x-workspace-id': id };
    expect(await world.call('POST', `/a2a/${id}/message:send`, body, childToken, claim)).toMatchObject({ status: 401 });
    const elsewhere = (await world.call('POST', '/workspaces', { name: 'Elsewhere', external: true })).body.id;
    const stranger = await world.call('POST', '/workspaces', {
      name: 'Stranger',
      external: true,
      parent_id: elsewhere,
    });
    const strange: string = stranger.body.connection.auth_token;
    expect(await world.call('GET', `/a2a/${id}/tasks`, undefined, strange)).toMatchObject({ status: 403 });
  });
});
