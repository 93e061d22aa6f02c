import type { Param, RouteSpec } from '@molecule/contract';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { AppError } from './app-error.js';

type Values = Record<string, unknown>;

/** Reads path or query parameters by their declared coercion; throws the parameter's own refusal. */
export function parseParams(declared: Readonly<Record<string, Param<unknown>>> | undefined, raw: unknown): Values {
  const values: Values = {};
  if (!declared) return values;
  const source = (raw ?? {}) as Record<string, unknown>;
  for (const [name, param] of Object.entries(declared)) {
    const given = source[name];
    // A repeated query parameter arrives as a list; the first one counts, as the predecessor's router had it.
    const text = Array.isArray(given) ? given[0] : given;
    const parsed = param.parse(typeof text === 'string' ? text : undefined);
    if (!parsed.ok) {
      throw new AppError(parsed.code, {
        ...(parsed.code === 'invalid_query' ? { text: `invalid query parameter "${name}": ${parsed.reason}` } : {}),
      });
    }
    values[name] = parsed.value;
  }
  return values;
}

export type BodyParser = (body: unknown) => unknown;

/**
 * Compiles the body check of a route. The value is judged as it came: nothing is coerced, removed or defaulted, because
 * a `null` silently turned into 0 or "" changes data (design §2).
 */
export function createBodyParser(spec: RouteSpec): BodyParser {
  const schema: TSchema | undefined = spec.body;
  if (!schema) return () => undefined;
  const validator = Compile(schema);
  const code = spec.invalidBody ?? 'invalid_request_body';
  return (body) => {
    const value = body === undefined && spec.bodyOptional ? {} : body;
    if (value !== undefined && validator.Check(value)) return value;
    if (spec.bodyLenient) return {};
    throw new AppError(code, { help: explain(value, validator.Errors(value)) });
  };
}

interface SchemaError {
  readonly instancePath: string;
  readonly message: string;
}

function explain(value: unknown, errors: Iterable<SchemaError>): string {
  if (value === undefined) return 'The body is empty; send a JSON object.';
  const [first] = errors;
  if (!first) return 'The body does not match this route; see /docs.';
  return `${first.instancePath === '' ? 'The body' : `Field ${first.instancePath}`} ${first.message}.`;
}
