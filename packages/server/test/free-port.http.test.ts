import { createServer, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { startRealApp } from './real-app.js';

describe('with PORT=0 a server listens', () => {
  const database = useTestDatabase();

  it('where the one before it was killed, so that its agents find it', async () => {
    const port = await findFreePort();
    const { url, close } = await startRealApp(database.url, {}, port);
    expect(url).toBe(`http://127.0.0.1:${port}`);
    await close();
  });
});

describe('with PORT=0 and that port taken meanwhile a server listens', () => {
  const database = useTestDatabase();

  it('elsewhere', async () => {
    const squatter = await listen();
    const { url, close, call } = await startRealApp(database.url, {}, portOf(squatter));
    expect(new URL(url).port).not.toBe(String(portOf(squatter)));
    expect((await call('GET', '/health')).status).toBe(200);
    await close();
    await end(squatter);
  });
});

async function findFreePort(): Promise<number> {
  const probe = await listen();
  const port = portOf(probe);
  await end(probe);
  return port;
}

function listen(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return address.port;
}
