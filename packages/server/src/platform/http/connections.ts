import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * A connection that is busy while the server begins to close is not closed for being idle later: a client that keeps it
 * open would hold the server for the whole of its keep-alive time.
 */
export function endConnection(reply: FastifyReply): void {
  reply.header('connection', 'close');
}

/**
 * A connection that asked to become another protocol no longer speaks HTTP: a route that answers it as an ordinary
 * request must end it, or it would stay open with nobody listening. Sockets that did become one never finish a reply.
 */
export function endUpgraded(request: FastifyRequest, reply: FastifyReply): void {
  reply.raw.once('finish', () => request.raw.socket.destroySoon());
}

/**
 * Browsers connect ahead of need. Such a connection has said nothing yet, so it does not count as idle and would hold the
 * close of the server for the whole time a client has to send its header.
 */
export function endSilentConnections(app: FastifyInstance): void {
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  app.addHook('preClose', async () => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  });
}
