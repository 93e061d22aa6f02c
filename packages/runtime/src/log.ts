/** One JSON line per event on stdout. Callers pass facts, never message bodies, tokens or environment values. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>> & {
  // What every line says of itself must not be overwritten by a fact of the same name.
  readonly time?: never;
  readonly level?: never;
  readonly event?: never;
};

// A line longer than this is an accident (an upstream error page, say); it would push useful lines out of the rotated file.
const FIELD_LENGTH_MAX = 500;

export function createLog(write: (line: string) => void, now: () => Date): Log {
  const emit = (level: 'info' | 'warn' | 'error', event: string, fields: LogFields = {}) => {
    const entry: Record<string, unknown> = { time: now().toISOString(), level, event };
    for (const [key, value] of Object.entries(fields)) {
      if (value === undefined) continue;
      entry[key] =
        typeof value === 'string' && value.length > FIELD_LENGTH_MAX ? `${value.slice(0, FIELD_LENGTH_MAX)}…` : value;
    }
    write(`${JSON.stringify(entry)}\n`);
  };
  return {
    info: (event, fields) => emit('info', event, fields),
    warn: (event, fields) => emit('warn', event, fields),
    error: (event, fields) => emit('error', event, fields),
  };
}

/** The text of anything thrown, with its causes, for a log line or an error that is handed on. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${reasonOf(error.cause)}` : '';
  return `${error.message}${cause}`;
}
