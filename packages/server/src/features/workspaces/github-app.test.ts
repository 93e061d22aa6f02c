import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createFakeClock, type FakeClock } from '@molecule/testkit';
import { jwtVerify } from 'jose';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { githubAppToken } from './github-app.js';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const subject = { workspaceId: '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab', name: 'Researcher' };
const never = new AbortController().signal;

let github: Server;
let apiUrl: string;
let requests: { path: string; assertion: string }[];
let status: number;
let clock: FakeClock;
beforeEach(async () => {
  requests = [];
  status = 201;
  clock = createFakeClock('2026-03-04T05:06:07.000Z');
  github = createServer((request, response) => {
    requests.push({ path: request.url ?? '', assertion: (request.headers.authorization ?? '').replace('Bearer ', '') });
    const expires_at = new Date(clock.now().getTime() + 3_600_000).toISOString();
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ token: `ghs_${requests.length}`, expires_at }));
  });
  await new Promise<void>((resolve) => github.listen(0, '127.0.0.1', resolve));
  const address = github.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  apiUrl = `http://127.0.0.1:${address.port}`;
});
afterEach(() => new Promise((resolve) => github.close(resolve)));

const mutator = () => githubAppToken({ appId: '7', installationId: '42', privateKey: pem, apiUrl }, clock);

it('an instance gets a token of the installation, asked for with a proof that the app signed', async () => {
  const change = await mutator().mutate(subject, {}, never);
  expect(change).toEqual({
    set: { GITHUB_TOKEN: 'ghs_1', GH_TOKEN: 'ghs_1' },
    confidential: ['GITHUB_TOKEN', 'GH_TOKEN'],
  });
  expect(requests[0]?.path).toBe('/app/installations/42/access_tokens');
  const { payload } = await jwtVerify(requests[0]?.assertion ?? '', publicKey, { currentDate: clock.now() });
  expect(payload.iss).toBe('7');
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(600);
});

it('instances that start together share a token, and one that starts when it runs out gets another', async () => {
  const one = mutator();
  await Promise.all([1, 2, 3].map(async () => one.mutate(subject, {}, never)));
  expect(requests).toHaveLength(1);
  await clock.advance(29 * 60_000);
  expect(await one.mutate(subject, {}, never)).toMatchObject({ set: { GITHUB_TOKEN: 'ghs_1' } });
  await clock.advance(2 * 60_000);
  expect(await one.mutate(subject, {}, never)).toMatchObject({ set: { GITHUB_TOKEN: 'ghs_2' } });
});

it.each(['GITHUB_TOKEN', 'GH_TOKEN'])('an owner who set %s keeps it, and nothing is asked for', async (name) => {
  expect(await mutator().mutate(subject, { [name]: 'own' }, never)).toEqual({ set: {} });
  expect(requests).toEqual([]);
});

it('a refusal fails the start, and the next start asks again', async () => {
  const one = mutator();
  status = 401;
  await expect(one.mutate(subject, {}, never)).rejects.toThrow('GitHub answered 401');
  status = 201;
  expect(await one.mutate(subject, {}, never)).toMatchObject({ set: { GITHUB_TOKEN: 'ghs_2' } });
});
