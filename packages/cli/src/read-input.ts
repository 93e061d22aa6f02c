import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { type Context, UsageError } from './command.js';

/** Nothing a command reads is larger; more is a file piped in by mistake. */
const BYTES_MAX = 1024 * 1024;

interface Input extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
}

/** Reads a value that must not be seen: not typed as an argument, where a shell keeps it, and not shown while it is typed. */
export function createReadInput(
  input: Input,
  output: NodeJS.WritableStream,
  interrupted: AbortController,
): Context['readInput'] {
  return async (question) => {
    const text = input.isTTY ? await readHiddenLine(input, output, question, interrupted) : await readAll(input);
    return text.replace(/\r?\n$/, '');
  };
}

async function readAll(input: Input): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of input) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    size += bytes.length;
    if (size > BYTES_MAX) throw new UsageError(`what is piped in is larger than ${BYTES_MAX} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}

function readHiddenLine(
  input: Input,
  output: NodeJS.WritableStream,
  question: string,
  interrupted: AbortController,
): Promise<string> {
  return new Promise((resolve) => {
    // The line is edited by readline, whose echo goes nowhere; Ctrl-C is a key to it, and has to become the signal again.
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
    let answer = '';
    lines.once('line', (line) => {
      answer = line;
      lines.close();
    });
    lines.once('SIGINT', () => {
      interrupted.abort();
      lines.close();
    });
    lines.once('close', () => {
      output.write('\n');
      resolve(answer);
    });
    output.write(question);
  });
}
