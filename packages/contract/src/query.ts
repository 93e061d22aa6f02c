import type { ErrorCode } from './errors.js';

/**
 * One explicit coercion for path and query parameters. A parameter is text on the wire; each kind says what it
 * accepts and what garbage means, so that no router library can decide it silently.
 */
export interface Param<T> {
  readonly kind: 'integer' | 'text' | 'flag' | 'choice' | 'uuid' | 'timestamp';
  /** JSON-schema fragment for the OpenAPI document. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly describe: string;
  parse(raw: string | undefined): Parsed<T>;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** True for any text a UUID parser accepts: case, braces and the urn prefix do not matter ("uuid-any"). */
export function parseUuid(text: string): string | null {
  // As nearly everybody writes it.
  if (UUID.test(text)) return text;
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/^urn:uuid:/, '')
    .replace(/^\{(.*)\}$/, '$1');
  const dashed = /^[0-9a-f]{32}$/.test(bare)
    ? `${bare.slice(0, 8)}-${bare.slice(8, 12)}-${bare.slice(12, 16)}-${bare.slice(16, 20)}-${bare.slice(20)}`
    : bare;
  return UUID.test(dashed) ? dashed : null;
}

/** A workspace id in the path: refused with 400 `invalid workspace ID` unless a UUID. */
export const workspaceId: Param<string> = {
  kind: 'uuid',
  schema: { type: 'string', format: 'uuid' },
  describe: 'workspace id',
  parse: (raw) => {
    const id = raw === undefined ? null : parseUuid(raw);
    return id ? { ok: true, value: id } : { ok: false, code: 'invalid_workspace_id', reason: 'not a UUID' };
  },
};

/** Any other id in the path. What is no UUID is the id of nothing, so it is refused as an unknown one is. */
export function pathUuid(describe: string, unknown: ErrorCode): Param<string> {
  return {
    kind: 'uuid',
    schema: { type: 'string', format: 'uuid' },
    describe,
    parse: (raw) => {
      const id = raw === undefined ? null : parseUuid(raw);
      return id ? { ok: true, value: id } : { ok: false, code: unknown, reason: 'not a UUID' };
    },
  };
}

/** A workspace id in the one form that the routes of secrets, model and provider take (contract lifecycle §0.1). */
export const strictWorkspaceId: Param<string> = {
  ...workspaceId,
  parse: (raw) =>
    raw !== undefined && UUID.test(raw)
      ? { ok: true, value: raw }
      : { ok: false, code: 'invalid_workspace_id', reason: 'not a UUID in lower case with hyphens' },
};

export function text(describe: string, options: { maxLength?: number } = {}): Param<string | undefined> {
  const maxLength = options.maxLength ?? 1024;
  return {
    kind: 'text',
    schema: { type: 'string', maxLength },
    describe,
    parse: (raw) =>
      raw !== undefined && raw.length > maxLength
        ? { ok: false, code: 'invalid_query', reason: `longer than ${maxLength} characters` }
        : { ok: true, value: raw },
  };
}

export function pathText(describe: string, pattern: RegExp, code: ErrorCode): Param<string> {
  return {
    kind: 'text',
    schema: { type: 'string' },
    describe,
    parse: (raw) =>
      raw !== undefined && pattern.test(raw)
        ? { ok: true, value: raw }
        : { ok: false, code, reason: 'not in the accepted form' },
  };
}

/** True only for the literal `true`; clients of the predecessor send exactly that. */
export function flag(describe: string): Param<boolean> {
  return { kind: 'flag', schema: { type: 'boolean' }, describe, parse: (raw) => ({ ok: true, value: raw === 'true' }) };
}

/** An integer whose garbage falls back to the default and which is capped: how legacy lists read `limit`. */
export function lenientInteger(describe: string, fallback: number, max: number): Param<number> {
  return {
    kind: 'integer',
    schema: { type: 'integer', minimum: 1, maximum: max, default: fallback },
    describe,
    parse: (raw) => {
      const value = raw !== undefined && /^\d{1,9}$/.test(raw) ? Number(raw) : 0;
      return { ok: true, value: value > 0 ? Math.min(value, max) : fallback };
    },
  };
}

/** An integer that garbage and whatever lies outside its bounds leave at the default: how the token lists read theirs. */
export function integerOrDefault(describe: string, fallback: number, min: number, max: number): Param<number> {
  return {
    kind: 'integer',
    schema: { type: 'integer', minimum: min, maximum: max, default: fallback },
    describe,
    parse: (raw) => {
      const value = raw !== undefined && /^\d{1,9}$/.test(raw) ? Number(raw) : min - 1;
      return { ok: true, value: value >= min && value <= max ? value : fallback };
    },
  };
}

/** An optional integer that is refused with 400 when it is anything else. */
export function strictInteger(describe: string, min: number, max: number): Param<number | undefined> {
  return {
    kind: 'integer',
    schema: { type: 'integer', minimum: min, maximum: max },
    describe,
    parse: (raw) => {
      if (raw === undefined) return { ok: true, value: undefined };
      const value = /^(\d{1,16}|-[1-9]\d{0,15})$/.test(raw) ? Number(raw) : Number.NaN;
      return Number.isSafeInteger(value) && value >= min && value <= max
        ? { ok: true, value }
        : { ok: false, code: 'invalid_query', reason: `must be an integer from ${min} to ${max}` };
    },
  };
}

/** At least 1, refused otherwise; `fallback` when absent. */
export function positiveInteger(describe: string, fallback: number, code: ErrorCode): Param<number> {
  return {
    kind: 'integer',
    schema: { type: 'integer', minimum: 1, default: fallback },
    describe,
    parse: (raw) => {
      if (raw === undefined) return { ok: true, value: fallback };
      return /^[1-9]\d{0,8}$/.test(raw)
        ? { ok: true, value: Number(raw) }
        : { ok: false, code, reason: 'must be a positive integer' };
    },
  };
}

export function choice<const T extends readonly string[]>(
  describe: string,
  values: T,
  code: ErrorCode,
): Param<T[number] | undefined> {
  const isMember = (raw: string): raw is T[number] => values.includes(raw);
  return {
    kind: 'choice',
    schema: { type: 'string', enum: [...values] },
    describe,
    parse: (raw) => {
      if (raw === undefined || raw === '') return { ok: true, value: undefined };
      return isMember(raw)
        ? { ok: true, value: raw }
        : { ok: false, code, reason: `must be one of ${values.join(', ')}` };
    },
  };
}

export function optionalUuid(describe: string, code: ErrorCode = 'invalid_query'): Param<string | undefined> {
  return {
    kind: 'uuid',
    schema: { type: 'string', format: 'uuid' },
    describe,
    parse: (raw) => {
      if (raw === undefined) return { ok: true, value: undefined };
      const id = parseUuid(raw);
      return id ? { ok: true, value: id } : { ok: false, code, reason: 'must be a UUID' };
    },
  };
}

/** An instant in RFC 3339; a bare date, an epoch or garbage is refused (contract registry-a2a §11.1, B-70). */
export function timestamp(describe: string): Param<Date | undefined> {
  return {
    kind: 'timestamp',
    schema: { type: 'string', format: 'date-time' },
    describe,
    parse: (raw) => {
      if (raw === undefined) return { ok: true, value: undefined };
      // A '+' of a time-zone offset arrives as a space when a client forgot to encode it.
      const text = raw.replace(' ', '+');
      const value = RFC3339.test(text) && isCalendarDay(text) ? new Date(text) : null;
      return value && !Number.isNaN(value.getTime())
        ? { ok: true, value }
        : { ok: false, code: 'invalid_query', reason: 'must be an RFC 3339 timestamp' };
    },
  };
}

/** `Date` reads the 30th of February as the 2nd of March; a client that sends it has a mistake to hear about. */
function isCalendarDay(text: string): boolean {
  const day = text.slice(0, 10);
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}
