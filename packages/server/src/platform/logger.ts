import { type DestinationStream, type Logger, pino } from 'pino';
import { toError } from './errors.js';

export type { Logger } from 'pino';
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

const REDACTED = '[redacted]';
const SECRET_KEY = /authorization|cookie|token|secret|password|passwd|credential|api[-_]?key|private[-_]?key/i;
/** Bodies carry people's messages and keys; ids and sizes are enough to follow a request. */
const BODY_KEY = /^(body|rawBody|raw_body|requestBody|request_body)$/;
const DEPTH_MAX = 6;
/** pino runs no formatter over the bindings of child loggers, so there the usual names are redacted by path. */
const BINDING_KEYS = [
  'authorization',
  'cookie',
  'token',
  'secret',
  'password',
  'apiKey',
  'api_key',
  'x-api-key',
  'body',
];

/**
 * JSON lines on standard output (or `destination`). Values under secret-looking keys are replaced at any depth and
 * bodies are left out, so no call site has to remember it. JSON escapes line breaks, so text taken from a request
 * cannot forge a log line (contract registry-a2a B-76).
 */
export function createLogger(options: { level: LogLevel; destination?: DestinationStream }): Logger {
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // Errors are turned into plain objects below; the default serializer would copy every property of a driver's error.
    serializers: { err: (value: unknown) => value },
    formatters: { level: (label: string) => ({ level: label }), log: redactObject },
    redact: { paths: BINDING_KEYS.flatMap((key) => [`["${key}"]`, `*["${key}"]`]), censor: REDACTED },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

function redactObject(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, redactEntry(key, value, 0)]));
}

function redactEntry(key: string, value: unknown, depth: number): unknown {
  if (BODY_KEY.test(key)) return '[body not logged]';
  // Numbers and booleans under such keys are counts and flags (`input_tokens`), never the secret itself.
  const maySecret = value !== null && value !== undefined && typeof value !== 'number' && typeof value !== 'boolean';
  if (maySecret && SECRET_KEY.test(key)) return REDACTED;
  return redactValue(value, depth + 1);
}

function redactValue(value: unknown, depth: number): unknown {
  if (value instanceof Error) return describeError(value, depth);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? value.toString() : value;
  if (depth > DEPTH_MAX) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  // Dates and the like serialise themselves; copying them property by property would empty them.
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redactEntry(key, inner, depth)]));
}

function describeError(error: Error, depth: number): Record<string, unknown> {
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: error.stack,
    ...(error.cause === undefined || depth > DEPTH_MAX
      ? {}
      : { cause: describeError(toError(error.cause), depth + 1) }),
  };
}
