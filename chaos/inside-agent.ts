import { waitFor } from '@molecule/testkit';
import { WebSocket } from 'ws';

/** Where Node listens for debuggers by default. One process of this machine at a time can have it. */
const INSPECTOR = 'http://127.0.0.1:9229/json/list';

/**
 * Runs `expression` inside a living agent, through Node's own debugger, which SIGUSR1 opens in any process. So a real
 * agent can be made to misbehave, and the product needs no switch for it.
 */
export async function runInside(pid: number, expression: string): Promise<unknown> {
  process.kill(pid, 'SIGUSR1');
  const address = await waitFor(async () => {
    const [target] = (await (await fetch(INSPECTOR)).json()) as { webSocketDebuggerUrl: string }[];
    return target?.webSocketDebuggerUrl;
  });
  const answeringPid = await evaluate(address, 'process.pid');
  if (answeringPid !== pid) throw new Error(`process ${String(answeringPid)} answered the debugger instead of ${pid}`);
  return evaluate(address, expression);
}

function evaluate(address: string, expression: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address);
    socket.once('error', reject);
    socket.once('open', () => {
      socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression, returnByValue: true } }));
    });
    socket.on('message', (data: Buffer) => {
      const reply = JSON.parse(data.toString()) as {
        id?: number;
        result?: { result?: { value?: unknown }; exceptionDetails?: { text: string } };
      };
      if (reply.id !== 1) return;
      socket.close();
      const thrown = reply.result?.exceptionDetails;
      if (thrown) reject(new Error(`inside the agent: ${thrown.text}`));
      else resolve(reply.result?.result?.value);
    });
  });
}
