import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, it } from 'vitest';
import { insertWorkspace } from '../../../test/builders.js';
import { useTestDatabase } from '../../../test/database.js';
import { type CallOptions, createEdge } from '../../../test/edge.js';
import { createTestPorts } from '../../../test/ports.js';
import { parseConfig } from '../../config.js';

const database = useTestDatabase();

it.each([
  [undefined, 'development', 'open'],
  [undefined, 'dev', 'open'],
  [undefined, 'production', 'closed'],
  ['a token', 'development', 'closed'],
  ['a token', 'dev', 'closed'],
  ['a token', 'production', 'closed'],
])('B-15: with ADMIN_TOKEN=%s and MOLECULE_ENV=%s every door is %s', async (ADMIN_TOKEN, MOLECULE_ENV, doors) => {
  const config = parseConfig({ ADMIN_TOKEN, MOLECULE_ENV });
  const { developmentMode, testTokens, rateLimit } = config;
  const edge = await createEdge(database.url, {
    developmentMode,
    testTokens,
    // As the composition root has it.
    ...(developmentMode ? {} : { rateLimit }),
  });
  const db = edge.ports.lanes.work;
  const [id, fresh] = [await insertWorkspace(db), await insertWorkspace(db, { mayBootstrap: true })];
  const token = await edge.mint(id);
  const newcomer = edge.ports.random.uuid();
  const status = async (method: 'GET' | 'POST', path: string, options: CallOptions = {}) =>
    (await edge.call(method, path, options)).status;
  const register = (workspace: string) => ({ body: { id: workspace, agent_card: {}, url: 'http://agent.example' } });
  const open = doors === 'open';
  const answers = {
    admin: await status('GET', '/workspaces'),
    workspace: await status('GET', `/workspaces/${id}/activity`),
    'a workspace token as admin': await status('GET', '/workspaces', { token }),
    message: await status('POST', `/workspaces/${id}/a2a`, { body: {} }),
    socket: await status('GET', '/ws'),
    'registration of an unknown id': await status('POST', '/registry/register', register(newcomer)),
    'test token': await status('GET', `/admin/workspaces/${fresh}/test-token`),
    // Open or closed, these stay what they are.
    'wrong bearer': await status('GET', '/workspaces', { token: 'wrong' }),
    'another workspace': await status('GET', `/workspaces/${fresh}/activity`, { token }),
    'registration for a workspace with a token': await status('POST', '/registry/register', register(id)),
    'values of secrets': await status('GET', `/workspaces/${id}/secrets/values`),
  };
  expect(answers).toEqual({
    admin: open ? 200 : 401,
    workspace: open ? 200 : 401,
    'a workspace token as admin': open ? 200 : 401,
    message: open ? 200 : 401,
    socket: open ? 426 : 401,
    'registration of an unknown id': open ? 200 : 401,
    'test token': open ? 200 : MOLECULE_ENV === 'production' ? 404 : 401,
    'wrong bearer': 401,
    'another workspace': 401,
    'registration for a workspace with a token': 401,
    'values of secrets': 401,
  });
  const { headers } = await edge.call('GET', '/workspaces');
  expect(headers['x-ratelimit-limit']).toBe(open ? 'unlimited' : '600');
  await edge.close();
});

it('a workspace token that is let in as an administrator is told in the log, once, and never is on a tenant', async () => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const ports = createTestPorts(database.url, { logger: pino({ level: 'warn' }, sink) });
  const id = await insertWorkspace(ports.lanes.work);
  const edge = await createEdge(database.url, { developmentMode: true, portsOverride: { logger: ports.logger } });
  const token = await edge.mint(id);
  for (let n = 0; n < 3; n += 1) expect((await edge.call('GET', '/workspaces', { token })).status).toBe(200);
  expect(lines.filter((line) => line.includes('as an administrator'))).toHaveLength(1);
  expect(lines.join('')).not.toContain(token);
  await edge.close();
  const tenant = await createEdge(database.url, { developmentMode: true, isTenant: true });
  expect((await tenant.call('GET', '/workspaces', { token })).body.error).toBe('invalid admin auth token');
  await tenant.close();
  await ports.close();
});
