import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const PREFIX = '/app/';

/**
 * Serves the built canvas under /app. Any path below it that is not a file answers the page itself, because its router
 * lives in the browser; paths outside it never answer HTML (design §11).
 */
export async function serveCanvas(app: FastifyInstance, folder: string): Promise<void> {
  app.get('/', (_request, reply) => reply.redirect(PREFIX, 302));
  app.get('/app', (_request, reply) => reply.redirect(PREFIX, 302));
  // Browsers ask for it on pages that name no icon, such as the login link and the API reference.
  app.get('/favicon.ico', (_request, reply) => reply.redirect(`${PREFIX}favicon.svg`, 302));
  const index = join(folder, 'index.html');
  if (!existsSync(index)) {
    app.get(`${PREFIX}*`, (_request, reply) =>
      reply
        .code(503)
        .type('text/plain')
        .send('The canvas is not built. Run "npm run build" and start the server again.\n'),
    );
    return;
  }
  const page = readFileSync(index);
  await app.register(fastifyStatic, {
    root: folder,
    prefix: PREFIX,
    wildcard: false,
    index: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      // Built files carry a hash in their name; anything else is asked for again.
      reply.setHeader('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  app.get(`${PREFIX}*`, (request, reply) => {
    const isAsset = request.url.startsWith(`${PREFIX}assets/`);
    if (isAsset) return reply.callNotFound();
    return reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(page);
  });
}
