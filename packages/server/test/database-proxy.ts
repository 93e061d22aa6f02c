import { connect, createServer, type Server, type Socket } from 'node:net';

export interface DatabaseProxy {
  /** The database by way of this proxy. */
  readonly url: string;
  /** Cuts every connection and refuses new ones. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Runs `work` while the database is away, and brings it back whatever comes of that. */
  without<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * A database that can go away and come back while the real one stays. `onRequest` is told of everything that is about to
 * be sent to it, statement by statement; when it answers false, that and all that follows is never sent. `rewrite` may
 * change what is sent, byte by byte, but not its length.
 */
export async function createDatabaseProxy(
  databaseUrl: string,
  onRequest: () => boolean = () => true,
  rewrite: (bytes: Buffer) => Buffer = (bytes) => bytes,
): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  let port = 0;

  async function restore(): Promise<void> {
    const next = createServer((inner) => {
      const outer = connect(Number(target.port), target.hostname);
      for (const [from, to] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          sockets.delete(from);
          to.destroy();
        });
      }
      inner.on('data', (bytes: Buffer) => {
        if (onRequest()) outer.write(rewrite(bytes));
        else inner.destroy();
      });
      outer.pipe(inner);
    });
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen(port, '127.0.0.1', resolve);
    });
    const address = next.address();
    if (typeof address === 'object' && address !== null) port = address.port;
    server = next;
  }

  async function cut(): Promise<void> {
    const closing = server;
    server = null;
    for (const socket of sockets) socket.destroy();
    if (closing) await new Promise((resolve) => closing.close(resolve));
  }

  await restore();
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.toString(),
    cut,
    restore,
    async without(work) {
      await cut();
      try {
        return await work();
      } finally {
        await restore();
      }
    },
    close: cut,
  };
}
