import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HTTP_DEFAULTS } from '../../../test/http-defaults.js';
import { createSystemClock } from '../clock.js';
import { createLogger } from '../logger.js';
import { serveCanvas } from './canvas-files.js';
import { createHttpServer } from './http-server.js';

async function createServerWith(folder: string): Promise<FastifyInstance> {
  const http = await createHttpServer<null>({
    routes: {},
    handlers: {},
    gate: async () => null,
    rateLimit: null,
    ...HTTP_DEFAULTS,
    requestId: () => 'made-here',
    logger: createLogger({ level: 'silent' }),
    clock: createSystemClock(),
    observe: () => {},
    isDraining: () => false,
  });
  await serveCanvas(http, folder);
  return http;
}

describe('the canvas under /app', () => {
  let outside: string;
  let http: FastifyInstance;
  beforeAll(async () => {
    outside = await mkdtemp(join(tmpdir(), 'molecule-canvas-'));
    const folder = join(outside, 'dist');
    await mkdir(join(folder, 'assets'), { recursive: true });
    await writeFile(join(folder, 'index.html'), '<title>canvas</title>');
    await writeFile(join(folder, 'favicon.svg'), '<svg/>');
    await writeFile(join(folder, 'assets', 'index-abc123.js'), 'export {}');
    await writeFile(join(outside, 'secret.txt'), 'secret');
    http = await createServerWith(folder);
  });
  afterAll(async () => {
    await http.close();
    await rm(outside, { recursive: true, force: true });
  });

  it.each(['/', '/app'])('%s leads there', async (url) => {
    const answer = await http.inject(url);
    expect([answer.statusCode, answer.headers.location]).toEqual([302, '/app/']);
  });

  it.each(['/app/', '/app/workspaces/1', '/app/workspaces/1?tab=chat', '/app/anything/at.all'])(
    '%s is the page, asked for again each time',
    async (url) => {
      const answer = await http.inject(url);
      expect([answer.statusCode, answer.headers['content-type'], answer.headers['cache-control'], answer.body]).toEqual(
        [200, 'text/html; charset=utf-8', 'no-cache', '<title>canvas</title>'],
      );
      expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    },
  );

  it('a built file may be kept for ever, any other is asked for again', async () => {
    const built = await http.inject('/app/assets/index-abc123.js');
    expect([built.statusCode, built.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
    expect(built.headers['content-type']).toMatch(/javascript/);
    const icon = await http.inject('/app/favicon.svg');
    expect([icon.statusCode, icon.headers['cache-control']]).toEqual([200, 'no-cache']);
  });

  it('a built file of another version is missing, not a page that a script loader would choke on', async () => {
    const answer = await http.inject('/app/assets/index-old000.js');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([404, 'application/json; charset=utf-8']);
    expect(answer.json()).toMatchObject({ code: 'route_not_found' });
  });

  it.each(['/app/../secret.txt', '/app/%2e%2e/secret.txt', '/app/..%2fsecret.txt', '/app/assets/..%2f..%2fsecret.txt'])(
    '%s does not leave the folder',
    async (url) => {
      const answer = await http.inject(url);
      expect(answer.body).not.toContain('secret');
    },
  );

  it('paths outside it never answer HTML', async () => {
    for (const url of ['/workspaces/x', '/apple', '/index.html', '/assets/index-abc123.js']) {
      const answer = await http.inject(url);
      expect([url, answer.statusCode, answer.headers['content-type']]).toEqual([
        url,
        404,
        'application/json; charset=utf-8',
      ]);
    }
  });

  it('says what to do when it was never built', async () => {
    const bare = await createServerWith(join(outside, 'nothing-here'));
    const answer = await bare.inject('/app/');
    await bare.close();
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([503, 'text/plain']);
    expect(answer.body).toContain('npm run build');
  });
});
