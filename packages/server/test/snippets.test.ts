import { spawn, spawnSync } from 'node:child_process';
import type { Connection } from '@molecule/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { type RealApp, startRealApp } from './real-app.js';

const has = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
const PLACEHOLDER = '<paste from create response>';

/** What operators paste, as they paste it. The snippet of MCP hosts is run in e2e/join.e2e.ts, from the built package. */
describe('a connection snippet', () => {
  const database = useTestDatabase();
  let app: RealApp;
  beforeAll(async () => {
    app = await startRealApp(database.url);
  });
  afterAll(() => app.close());

  const add = async (): Promise<Connection> =>
    (await app.call('POST', '/workspaces', { name: 'Away', external: true })).body.connection;
  const statusOf = async ({ workspace_id: id }: Connection) => (await app.call('GET', `/workspaces/${id}`)).body.status;

  it.skipIf(!has('curl'))('R38, M-50: of curl registers the agent when it is pasted with its token', async () => {
    const connection = await add();
    const script = connection.curl_register_template.replace(PLACEHOLDER, connection.auth_token);
    // Not spawnSync: the server that answers it lives in this process.
    const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, said: JSON.parse(said) }).toMatchObject({
      code: 0,
      said: { status: 'registered', delivery_mode: 'poll' },
    });
    expect(await statusOf(connection)).toBe('online');
  });

  it.skipIf(!has('python3'))('of Python is Python', async () => {
    const { python_snippet: source } = await add();
    const { status, stderr } = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
      input: source,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it
    .skipIf(!has('bash'))
    .each([
      'universal_mcp_snippet',
      'hermes_channel_snippet',
      'codex_snippet',
      'openclaw_snippet',
      'curl_register_template',
    ] as const)('%s is a shell script', async (key) => {
    const connection = await add();
    const script = connection[key].replaceAll(PLACEHOLDER, connection.auth_token);
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
