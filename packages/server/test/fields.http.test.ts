import { errorSpec, type RouteSpec, routes } from '@molecule/contract';
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../src/platform/clock.js';
import { createHttpServer } from '../src/platform/http/http-server.js';
import { createLogger } from '../src/platform/logger.js';
import { createRandom } from '../src/platform/random.js';
import { HTTP_DEFAULTS } from './http-defaults.js';

const ID = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';
const PROBES: readonly unknown[] = [null, '1', true, [], 1, {}];

/** The parts of a schema this test reads; the contract uses no others to say which JSON types a field takes. */
interface Shape {
  readonly type?: string;
  readonly anyOf?: readonly Shape[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
}

const shapeOf = (schema: TSchema): Shape => JSON.parse(JSON.stringify(schema));
const withBody = Object.entries<RouteSpec>(routes).flatMap(([name, spec]) =>
  spec.body ? [{ name, spec, shape: shapeOf(spec.body) }] : [],
);
const strict = withBody.filter(({ spec }) => !spec.bodyLenient);
const lenient = withBody.filter(({ spec }) => spec.bodyLenient);

/** Whether a probe is a value of the field, judged by hand: no validator, so that the test and the server can disagree. */
function takes(shape: Shape, value: unknown): boolean {
  if (shape.anyOf) return shape.anyOf.some((option) => takes(option, value));
  if (shape.enum) return shape.enum.includes(value);
  if ('const' in shape) return shape.const === value;
  switch (shape.type) {
    case undefined:
      return true;
    case 'null':
      return value === null;
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
    case 'number':
      return typeof value === 'number';
    case 'array':
      return Array.isArray(value);
    case 'object':
      return (
        typeof value === 'object' && value !== null && !Array.isArray(value) && (shape.required ?? []).length === 0
      );
    default:
      throw new Error(`this test does not know the type ${shape.type}`);
  }
}

/** A body with every field filled in, so that whatever is refused is refused for the probe alone. */
function sampleOf(shape: Shape): unknown {
  if (shape.anyOf) return sampleOf(shape.anyOf.find((option) => option.type !== 'null') ?? {});
  if (shape.enum) return shape.enum[0];
  if ('const' in shape) return shape.const;
  switch (shape.type) {
    case 'string':
      return 'a text';
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 7;
    case 'array':
      return [];
    case 'object':
      return Object.fromEntries(Object.entries(shape.properties ?? {}).map(([name, inner]) => [name, sampleOf(inner)]));
    default:
      return { free: 'json' };
  }
}

interface Field {
  readonly path: readonly string[];
  readonly shape: Shape;
}

function fieldsOf(shape: Shape, path: readonly string[] = []): Field[] {
  const object = shape.properties ? shape : shape.anyOf?.find((option) => option.properties);
  return Object.entries(object?.properties ?? {}).flatMap(([name, inner]) => [
    { path: [...path, name], shape: inner },
    ...fieldsOf(inner, [...path, name]),
  ]);
}

function replace(body: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  const object = body as Readonly<Record<string, unknown>>;
  return { ...object, [name]: replace(object[name], rest, value) };
}

describe('bodies, field by field', () => {
  let http: FastifyInstance;
  let received: unknown[] = [];

  beforeAll(async () => {
    const record = async ({ body }: { body: unknown }) => {
      received.push(body);
      return { status: 200, body: { ok: true } };
    };
    http = await createHttpServer<string>({
      routes,
      handlers: Object.fromEntries(Object.keys(routes).map((name) => [name, record])),
      gate: async () => 'anybody',
      rateLimit: null,
      ...HTTP_DEFAULTS,
      requestId: () => createRandom().uuid(),
      logger: createLogger({ level: 'silent' }),
      clock: createSystemClock(),
      observe: () => {},
      isDraining: () => false,
    });
  });
  beforeEach(() => {
    received = [];
  });
  afterAll(() => http.close());

  async function send(spec: RouteSpec, payload: string | Buffer | undefined, headers: Record<string, string> = {}) {
    received = [];
    const answer = await http.inject({
      method: spec.method,
      url: spec.path.replace(/:\w+/g, ID),
      headers: { 'content-type': 'application/json', ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
    return { status: answer.statusCode, body: JSON.parse(answer.body) as unknown };
  }

  it.each(strict)('$name takes or refuses each value of each field, and never turns it into another', async (route) => {
    const { spec, shape } = route;
    const whole = sampleOf(shape);
    expect(await send(spec, JSON.stringify(whole))).toMatchObject({ status: 200 });
    expect(received).toEqual([whole]);

    const fields = [{ path: [], shape }, ...fieldsOf(shape)];
    for (const field of fields) {
      for (const value of PROBES) {
        const sent = replace(whole, field.path, value);
        const answer = await send(spec, JSON.stringify(sent));
        const what = `${field.path.join('.') || 'the body'} = ${JSON.stringify(value)}`;
        if (takes(field.shape, value)) {
          expect({ what, status: answer.status, received }).toEqual({ what, status: 200, received: [sent] });
        } else {
          const refusal = {
            error: expect.any(String),
            code: spec.invalidBody,
            retry: false,
            help: expect.any(String),
          };
          expect({ what, ...answer, received }).toEqual({ what, status: 400, body: refusal, received: [] });
        }
      }
    }
  });

  it.each(strict)('$name refuses what is not JSON', async ({ spec, shape }) => {
    const refusal = { status: 400, body: { code: spec.invalidBody, retry: false } };
    const valid = JSON.stringify(sampleOf(shape));
    for (const text of [
      '{',
      '{"a":1,}',
      "{'a':1}",
      'undefined',
      'NaN',
      `${valid} ${valid}`,
      valid.slice(0, -1),
      '\uFEFF{',
      '<a/>',
      'name=x&role=y',
    ]) {
      expect({ text, ...(await send(spec, text)) }).toMatchObject({ text, ...refusal });
    }
    expect(received).toEqual([]);
  });

  it.each(lenient)(
    '$name takes what is no body of its kind for none, as the contract has it',
    async ({ spec, shape }) => {
      const whole = sampleOf(shape);
      expect(await send(spec, JSON.stringify(whole))).toMatchObject({ status: 200 });
      expect(received).toEqual([whole]);
      const wrong = fieldsOf(shape).flatMap(({ path, shape: inner }) =>
        PROBES.filter((value) => !takes(inner, value)).map((value) => JSON.stringify(replace(whole, path, value))),
      );
      expect(wrong.length).toBeGreaterThan(0);
      for (const text of [...wrong, undefined, '', '{', 'null', '[]', '"text"', '{"__proto__":{"isAdmin":true}}']) {
        expect({ text, ...(await send(spec, text)) }).toMatchObject({ text, status: 200 });
        expect(received).toEqual([{}]);
      }
      expect({}).not.toHaveProperty('isAdmin');
    },
  );

  it.each(strict.filter(({ spec }) => !spec.bodyOptional))(
    '$name says that a missing body is missing',
    async ({ spec }) => {
      for (const text of [undefined, '', ' \n\t ']) {
        expect(await send(spec, text)).toMatchObject({
          status: 400,
          body: { code: spec.invalidBody, help: 'The body is empty; send a JSON object.' },
        });
      }
      expect(received).toEqual([]);
    },
  );

  it.each(withBody)('$name refuses a body above its limit, and nothing below it', async ({ spec, shape }) => {
    const limit = spec.bodyLimitBytes ?? 1_048_576;
    const valid = JSON.stringify(sampleOf(shape));
    expect(await send(spec, valid.padEnd(limit))).toMatchObject({ status: 200 });
    const code = spec.tooLarge ?? 'body_too_large';
    expect(await send(spec, valid.padEnd(limit + 1))).toMatchObject({
      status: 413,
      body: { error: errorSpec(code).text, code, retry: false },
    });
  });

  it.each(strict)('$name refuses nesting that would exhaust whoever walks through it', async ({ spec, shape }) => {
    const whole = sampleOf(shape) as Record<string, unknown>;
    const nested = (open: string, close: string, depth: number): string =>
      JSON.stringify({ ...whole, unknown: 0 }).replace(
        '"unknown":0',
        `"unknown":${open.repeat(depth)}1${close.repeat(depth)}`,
      );
    // The deepest that still fits the body, `{"a":` and its bracket a level.
    const deepest = Math.min(150_000, Math.floor(((spec.bodyLimitBytes ?? 1_048_576) - 10_000) / 6));
    for (const depth of [1_000, deepest]) {
      for (const text of [nested('[', ']', depth), nested('{"a":', '}', depth)]) {
        expect(await send(spec, text)).toMatchObject({
          status: 400,
          body: { code: spec.invalidBody, retry: false },
        });
      }
    }
    // Brackets inside texts are no nesting, and what an agent really sends is well below the limit.
    expect(await send(spec, nested('[', ']', 50))).toMatchObject({ status: 200 });
    const quoted = JSON.stringify({ ...whole, unknown: `\\"${'[{'.repeat(500)}\\` });
    expect(await send(spec, quoted)).toMatchObject({ status: 200 });
  });

  it.each(strict)('$name refuses keys that would reach into prototypes', async ({ spec, shape }) => {
    const valid = JSON.stringify(sampleOf(shape)).slice(0, -1);
    const separator = valid === '{' ? '' : ',';
    for (const poison of [
      '"__proto__":{"isAdmin":true}',
      '"deep":{"list":[{"__proto__":{"isAdmin":true}}]}',
      '"\\u005f_proto__":{"isAdmin":true}',
      '"constructor":{"prototype":{"isAdmin":true}}',
    ]) {
      const answer = await send(spec, `${valid}${separator}${poison}}`);
      expect({ poison, ...answer }).toMatchObject({ status: 400, body: { code: spec.invalidBody } });
    }
    expect(received).toEqual([]);
    expect({}).not.toHaveProperty('isAdmin');
  });

  it.each(withBody)('$name ignores fields it does not know', async ({ spec, shape }) => {
    const body = { ...(sampleOf(shape) as object), not_of_this_route: [null, { deep: true }] };
    expect(await send(spec, JSON.stringify(body))).toMatchObject({ status: 200 });
    expect(received).toEqual([body]);
  });

  it.each(strict)('$name hands control characters on as they came', async ({ spec, shape }) => {
    const odd = '\u0000\u0007\u001b[31m\r\n\t\u2028\u202e\ud800 \u{1f9ea}';
    const whole = sampleOf(shape);
    const texts = fieldsOf(shape).filter((field) => takes(field.shape, odd));
    for (const field of texts) {
      const sent = replace(whole, field.path, odd);
      expect(await send(spec, JSON.stringify(sent))).toMatchObject({ status: 200 });
      expect(received).toEqual([sent]);
    }
    // Written raw instead of escaped they are not JSON.
    expect(await send(spec, JSON.stringify({ a: 'X' }).replace('X', '\n'))).toMatchObject({ status: 400 });
  });

  it.each(withBody)('$name reads JSON under any content type, and under none', async ({ spec, shape }) => {
    const whole = sampleOf(shape);
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'application/a2a+json',
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/json; charset',
    ]) {
      expect({ type, ...(await send(spec, JSON.stringify(whole), { 'content-type': type })) }).toMatchObject({
        type,
        status: 200,
      });
      expect(received).toEqual([whole]);
    }
    received = [];
    const bare = await http.inject({
      method: spec.method,
      url: spec.path.replace(/:\w+/g, ID),
      payload: Buffer.from(JSON.stringify(whole)),
    });
    expect([bare.statusCode, received]).toEqual([200, [whole]]);
    // What is no content type at all is a mistake worth naming.
    for (const type of ['json', '']) {
      expect(await send(spec, JSON.stringify(whole), { 'content-type': type })).toMatchObject({
        status: 415,
        body: { code: 'unsupported_media_type', retry: false },
      });
    }
  });
});
