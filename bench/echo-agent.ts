import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An agent that answers every A2A message at once with its text: what remains is the price of the way to it. */
interface Sent {
  readonly id: unknown;
  readonly params: { readonly message: { readonly messageId: string; readonly parts: readonly unknown[] } };
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    const { id, params } = JSON.parse(body) as Sent;
    const { messageId, parts } = params.message;
    const result = { kind: 'message', role: 'agent', messageId: `re-${messageId}`, parts };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
