import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Who may talk to this agent.
 *
 * A caller that presents the workspace's inbound secret may. Without a credential only the loopback interface is
 * trusted: the process driver binds 127.0.0.1 and is no sandbox (design §6) — whoever runs code as this user on this
 * host can read the secret's file anyway, and older platforms send none. A browser is such a local program but speaks
 * for any web page, so a request that carries `Origin` or a foreign `Host` needs the secret: otherwise a page could
 * reach the agent by DNS rebinding. A wrong secret is refused even on loopback.
 */
export function isAllowed(request: IncomingMessage, secret: string | null): boolean {
  const header = request.headers.authorization;
  if (header !== undefined) return secret !== null && isEqual(header, `Bearer ${secret}`);
  return (
    isLoopbackAddress(request.socket.remoteAddress) &&
    request.headers.origin === undefined &&
    isLoopbackHost(request.headers.host)
  );
}

function isEqual(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function isLoopbackAddress(address: string | undefined): boolean {
  return address === '127.0.0.1' || address === '::1' || address === '::ffff:127.0.0.1';
}

function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host);
}
