import { type ErrorCode, errorSpec } from '@molecule/contract';

export interface AppErrorOptions {
  /** Replaces the default text of the code, where the contract puts a name or number into it. */
  readonly text?: string;
  /** Replaces the default advice when more is known about this very case. */
  readonly help?: string;
  /** Further fields of the answer that the contract names (`waking`, `missing_env`, `problems` …). */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An expected refusal. Its code decides status, retry and advice; nothing was changed when it is thrown. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly help: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(options.text ?? errorSpec(code).text, { cause: options.cause });
    this.code = code;
    this.help = options.help ?? errorSpec(code).help;
    this.fields = options.fields ?? {};
    this.headers = options.headers ?? {};
  }
}

/** Throws a refusal; an expression, so that it can stand after `??`. */
export function refuse(code: ErrorCode, options: AppErrorOptions = {}): never {
  throw new AppError(code, options);
}
