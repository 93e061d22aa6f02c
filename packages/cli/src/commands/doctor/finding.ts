import { EXIT, type ExitCode } from '../../command.js';

/** One thing that was looked at, and what to do when it is not in order. */
export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy: string | null;
  /** Exit code this failure asks for. */
  readonly exit: ExitCode;
}

export function good(check: string, detail: string): Finding {
  return { check, ok: true, detail, remedy: null, exit: EXIT.ok };
}

export function bad(check: string, detail: string, remedy: string, exit: ExitCode = EXIT.refused): Finding {
  return { check, ok: false, detail, remedy, exit };
}
