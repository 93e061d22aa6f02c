import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Node hands over every request that asks for another protocol, body unread, as soon as anybody listens for one. Only a
 * WebSocket is spoken here. Any other is an offer that a server may pass over (RFC 9110 §7.8), and some clients make it
 * with whatever they send first (`h2c`): such a request is read again without it, body and all, as an ordinary one.
 *
 * Returns what hears of the true ones, under the same event.
 */
export function onlyWebSockets(server: Server): Server {
  const webSockets = createServer();
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (asksForWebSocket(request)) {
      webSockets.emit('upgrade', request, socket, head);
      return;
    }
    socket.unshift(Buffer.concat([headWithoutOffer(request), head]));
    server.emit('connection', socket);
  });
  return webSockets;
}

function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && tokensOf(headers.upgrade ?? '').some((token) => token.toLowerCase() === 'websocket');
}

/** Of the offer itself: without them nothing is left that asks for another protocol. */
const OFFER: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

function headWithoutOffer({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const isAboutIt = name.toLowerCase() === 'connection';
    const kept = isAboutIt
      ? tokensOf(value)
          .filter((token) => !OFFER.has(token.toLowerCase()))
          .join(', ')
      : value;
    if (OFFER.has(name.toLowerCase()) || (isAboutIt && kept === '')) continue;
    lines.push(`${name}: ${kept}`);
  }
  // Node reads the bytes of a head as latin1.
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function tokensOf(list: string): string[] {
  return list.split(',').map((token) => token.trim());
}
