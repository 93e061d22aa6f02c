import { createAsk } from './ask.js';
import { EXIT_INTERRUPTED } from './command.js';
import { readCliEnvironment } from './config.js';
import { createReadInput } from './read-input.js';
import { run } from './run.js';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    interrupted.abort();
    // A second one ends at once, whatever is waited for.
    process.once(signal, () => process.exit(EXIT_INTERRUPTED));
  });
}
// A reader that closes early (head, less) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await run(process.argv.slice(2), readCliEnvironment(), {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
  // The question goes to the error stream, so that the output may be redirected.
  ask:
    process.stdin.isTTY && process.stderr.isTTY ? createAsk(process.stdin, process.stderr, interrupted.signal) : null,
  readInput: createReadInput(process.stdin, process.stderr, interrupted),
  signal: interrupted.signal,
});
