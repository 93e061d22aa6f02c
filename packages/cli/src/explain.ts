import { asArray, asObject, asText } from '@molecule/contract/a2a';
import { ApiError, UnreachableError } from '@molecule/contract/client';
import {
  EXIT,
  EXIT_INTERRUPTED,
  type ExitCode,
  NoServerError,
  RefusedError,
  TimeoutError,
  UsageError,
} from './command.js';
import { type Environment, PROGRAM } from './config.js';

export interface Explanation {
  readonly message: string;
  readonly help: string | null;
  readonly code: string;
  readonly exit: ExitCode;
  /** What else is known, for --json. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What went wrong in one sentence, what to do, and the exit code a script relies on. */
export function explain(error: unknown, interrupted: boolean, environment: Environment): Explanation {
  if (interrupted) return because('interrupted', 'interrupted', EXIT_INTERRUPTED);
  if (error instanceof UsageError) return because(error.message, 'usage', EXIT.usage);
  if (error instanceof RefusedError) {
    return { ...because(error.message, 'refused', EXIT.refused, error.help), fields: error.fields };
  }
  if (error instanceof TimeoutError) return because(error.message, 'timeout', EXIT.timeout);
  if (error instanceof ApiError) return explainRefusal(error, environment);
  if (error instanceof NoServerError) return because(error.message, 'unreachable', EXIT.unreachable);
  if (error instanceof UnreachableError) {
    if (error.timedOut) return because(error.message, 'timeout', EXIT.timeout);
    const help = `Is the server running? "${PROGRAM} doctor" looks for the reason.`;
    return because(error.message, 'unreachable', EXIT.unreachable, help);
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return because(`unexpected: ${message}`, 'internal', EXIT.refused);
}

function because(message: string, code: string, exit: ExitCode, help: string | null = null): Explanation {
  return { message, help, code, exit, fields: {} };
}

/** The server speaks of its routes; here a person needs the command, or the variable, to correct. */
function helpFor(error: ApiError, { tokenFrom }: Environment): string | null {
  if (error.code === 'org_template_not_found') return `"${PROGRAM} org ls" lists them.`;
  if (error.code === 'unknown_template') {
    return `"${PROGRAM} template ls" lists them, "${PROGRAM} template problems" those that are broken.`;
  }
  if (error.status === 401 && (tokenFrom === 'MOLECULE_TOKEN' || tokenFrom === 'ADMIN_TOKEN')) {
    return (
      `The token in ${tokenFrom} does not open this server. Correct it, or unset it where the server runs: its own ` +
      'is found in the data directory.'
    );
  }
  return error.help;
}

function explainRefusal(error: ApiError, environment: Environment): Explanation {
  const fields = asObject(error.body);
  const details = [...problemLines(fields.problems), ...missingLines(fields.missing_env)];
  return {
    message: [error.message, ...details].join('\n'),
    help: helpFor(error, environment),
    code: error.code,
    // 504: the agent was asked and did not answer in time.
    exit: error.status === 504 ? EXIT.timeout : EXIT.refused,
    fields: { ...fields, status: error.status },
  };
}

/** `problems` of a template that cannot be imported: where and why, one line each. */
function problemLines(problems: unknown): string[] {
  return asArray(problems).map((problem) => {
    const { file, path, id, line, reason } = asObject(problem);
    const place = asText(file) ?? asText(path) ?? asText(id) ?? '';
    return `  ${place}${typeof line === 'number' ? `:${line}` : ''}: ${asText(reason) ?? ''}`;
  });
}

/** A requirement is a name, or a group of which any member will do. */
function missingLines(missing: unknown): string[] {
  return asArray(missing).map(
    (requirement) => `  ${asText(requirement) ?? `one of ${asArray(asObject(requirement).any_of).join(', ')}`}`,
  );
}
