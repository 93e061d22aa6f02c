// The least of an MCP client over stdio, as agent programs have one: opens, calls one tool, closes.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export async function callTool([command, ...args], name, given, env = process.env) {
  const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const send = (message) => server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  async function ask(id, method, params) {
    send({ id, method, params });
    for (;;) {
      const next = await lines.next();
      if (next.done) throw new Error(`The tool server ended before it answered ${method}.`);
      const message = JSON.parse(next.value);
      if (message.id !== id) continue;
      if (message.error) throw new Error(message.error.message);
      return message.result;
    }
  }
  const clientInfo = { name: 'fake', version: '1' };
  await ask(1, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
  send({ method: 'notifications/initialized' });
  const { tools } = await ask(2, 'tools/list', {});
  if (!tools.some((tool) => tool.name === name)) throw new Error(`The tool server has no ${name}.`);
  const result = await ask(3, 'tools/call', { name, arguments: given });
  server.stdin.end();
  return { text: result.content.map((part) => part.text).join('\n'), isError: result.isError === true };
}
