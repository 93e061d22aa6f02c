import { createInterface } from 'node:readline';
import type { Ask } from './command.js';

/** Asks on a terminal. The line is edited by the terminal itself, so that Ctrl-C stays the signal it is elsewhere. */
export function createAsk(input: NodeJS.ReadableStream, output: NodeJS.WritableStream, signal: AbortSignal): Ask {
  return (question) =>
    new Promise((resolve) => {
      const lines = createInterface({ input, terminal: false, signal });
      let answer = '';
      lines.once('line', (line) => {
        answer = line;
        lines.close();
      });
      lines.once('close', () => resolve(answer));
      output.write(question);
    });
}

/** Only an explicit yes is one. */
export async function agrees(ask: Ask, question: string): Promise<boolean> {
  return /^\s*y(es)?\s*$/i.test(await ask(`${question} (y/N) `));
}
