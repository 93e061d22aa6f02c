import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

export interface TakenPort {
  readonly port: number;
  release(): Promise<void>;
}

/** A port of this machine that another program listens on. */
export async function takePort(): Promise<TakenPort> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    async release() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port nobody listens on at the moment. */
export async function findFreePort(): Promise<number> {
  const taken = await takePort();
  await taken.release();
  return taken.port;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
