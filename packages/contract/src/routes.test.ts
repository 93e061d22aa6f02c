import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode, errorSpec } from './errors.js';
import type { RouteSpec } from './route.js';
import { routes } from './routes.js';

const all = Object.entries<RouteSpec>(routes);
const parametersOf = (path: string): string[] => [...path.matchAll(/[:*]([A-Za-z]+)/g)].map(([, name]) => name ?? '');

describe('the table of errors', () => {
  it.each(Object.entries(ERRORS))('%s has a refusing status, a text and advice', (code, spec) => {
    expect(code).toMatch(/^[a-z][a-z_]*$/);
    expect(spec.status).toBeGreaterThanOrEqual(400);
    expect(spec.status).toBeLessThan(600);
    expect(spec.text.trim()).toBe(spec.text);
    expect(spec.text.length).toBeGreaterThan(3);
    expect(spec.help).toMatch(/^\S.{10,}[.>}]$/su);
  });

  it('never promises that repeating a request which is wrong in itself may help', () => {
    const wrong = Object.entries(ERRORS).filter(([, spec]) =>
      [400, 401, 403, 404, 410, 413, 415].includes(spec.status),
    );
    expect(wrong.filter(([, spec]) => spec.retry).map(([code]) => code)).toEqual([]);
  });
});

describe('every route', () => {
  it('has a method and path of its own', () => {
    const places = all.map(([, spec]) => `${spec.method} ${spec.path.replace(/:[A-Za-z]+/g, ':_')}`);
    expect(places.filter((place, index) => places.indexOf(place) !== index)).toEqual([]);
  });

  it.each(all)('%s declares exactly the parameters of its path', (_name, spec) => {
    expect(spec.path).toMatch(/^\/(?:[A-Za-z0-9._:-]+(?:\/[A-Za-z0-9._:-]+)*(?:\/\*[a-z]+)?)?$/);
    expect(Object.keys(spec.params ?? {}).sort()).toEqual(parametersOf(spec.path).sort());
  });

  it.each(all)('%s names only refusals that exist, each once', (_name, spec) => {
    const named: ErrorCode[] = [...spec.errors, ...(spec.invalidBody ? [spec.invalidBody] : [])];
    for (const code of named) expect(ERRORS).toHaveProperty(code);
    expect(new Set(spec.errors).size).toBe(spec.errors.length);
  });

  it.each(all)('%s says what it is for, where it comes from and what success looks like', (_name, spec) => {
    expect(spec.summary.length).toBeGreaterThan(5);
    expect(spec.source).toMatch(/^(new$|registry-a2a §|lifecycle §|design §)/);
    const statuses = Object.keys(spec.responses).map(Number);
    expect(statuses.some((status) => status < 400)).toBe(true);
    // A status may not mean success and refusal at once: a client could not tell the bodies apart.
    const both = statuses.filter((status) => spec.errors.some((code) => errorSpec(code).status === status));
    expect(both).toEqual([]);
  });

  // A lenient body is never refused, so such a route names no refusal.
  it.each(all.filter(([, spec]) => spec.body && !spec.bodyLenient))(
    '%s refuses a wrong body with a code of status 400',
    (_name, spec) => {
      expect(spec.method).not.toBe('GET');
      expect(spec.invalidBody && errorSpec(spec.invalidBody).status).toBe(400);
    },
  );

  it.each(all)('%s refuses each parameter only with a known code', (_name, spec) => {
    const params = { ...spec.params, ...spec.query };
    for (const param of Object.values(params)) {
      for (const raw of [undefined, '', 'x'.repeat(2000), '\u0000', '../..', '-1', '1e9', 'true']) {
        const parsed = param.parse(raw);
        if (!parsed.ok) expect(ERRORS).toHaveProperty(parsed.code);
      }
    }
    expect(Object.keys(params)).toHaveLength(
      Object.keys(spec.params ?? {}).length + Object.keys(spec.query ?? {}).length,
    );
  });
});

it('the routes that ask nobody for a credential are those of design §9', () => {
  const open = all.filter(([, spec]) => spec.access === 'open').map(([, spec]) => `${spec.method} ${spec.path}`);
  expect(open.sort()).toEqual([
    'DELETE /session',
    'GET /buildinfo',
    // The program that a pasted line fetches before it has anything to show a token to (design §13).
    'GET /dl/molecule-mcp.tgz',
    'GET /docs',
    'GET /health',
    'GET /login',
    'GET /login/*token',
    'GET /metrics',
    'GET /openapi.json',
    'GET /readyz',
    'POST /login/:token',
    'POST /session',
  ]);
});

it('only probes are exempt from the limiter', () => {
  const exempt = all.filter(([, spec]) => spec.rate === 'exempt').map(([, spec]) => spec.path);
  expect(exempt.sort()).toEqual(['/buildinfo', '/health', '/metrics', '/readyz']);
});

it('a route that does not say who may call it does not compile', () => {
  const rest = {
    method: 'GET',
    path: '/x',
    summary: 'X',
    rate: 'default',
    responses: {},
    errors: [],
    source: 'new',
  } as const;
  // @ts-expect-error access is missing
  const unstated: RouteSpec = rest;
  // @ts-expect-error no gate knows this kind
  const unknown: RouteSpec = { ...rest, access: 'whoever' };
  const stated: RouteSpec = { ...rest, access: 'admin' };
  expect([unstated.access, unknown.access, stated.access]).toEqual([undefined, 'whoever', 'admin']);
});
