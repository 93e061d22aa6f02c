import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { answerParent } from './child.js';

/** The least that a proxy can be: it passes every request on and its answer back. Asked with the target's address. */
answerParent(async (target: string): Promise<string> => {
  const pool = new Pool(target, { connections: 64 });
  const server = createServer((request, response) => {
    const headers = { 'content-type': 'application/json' };
    pool
      .stream({ path: '/', method: 'POST', headers, body: request, opaque: response }, ({ statusCode, headers }) => {
        response.writeHead(statusCode, { 'content-type': String(headers['content-type']) });
        return response;
      })
      .catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
