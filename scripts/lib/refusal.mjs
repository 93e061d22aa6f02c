/**
 * An expected failure: `message` says what went wrong, `help` what to do about it, unless the message does. Both are
 * whole sentences.
 */
export class Refusal extends Error {
  constructor(message, help, { exitCode = 1, ...options } = {}) {
    super(message, options);
    this.name = 'Refusal';
    this.help = help;
    this.exitCode = exitCode;
  }
}

/** What a person should read about `error`: the sentence and its remedy, or a stack when it is a bug. */
export function explain(error) {
  if (error instanceof Error && typeof error.help === 'string') return `${error.message}\n${error.help}`;
  if (error instanceof Refusal) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Runs a script's main function; a failure is printed and becomes its exit code, as a rule 1. */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`\n${explain(error)}\n`);
    process.exitCode = error instanceof Refusal ? error.exitCode : 1;
  }
}

/** Replaces a refused write below `path` by the sentence a person can act on. */
export function toWriteRefusal(error, path) {
  const reasons = { EACCES: 'permission denied', EPERM: 'permission denied', EROFS: 'the file system is read-only' };
  if (error.code === 'ENOSPC') {
    return new Refusal(`Cannot write ${path}: the disk is full.`, 'Free some space and start again.', { cause: error });
  }
  const reason = reasons[error.code];
  if (reason === undefined) return error;
  return new Refusal(
    `Cannot write ${path}: ${reason}. What is installed or built there is missing, or older than the sources.`,
    'Run npm start once as the user that owns it, or clone Molecule into a folder you may write.',
    { cause: error },
  );
}
