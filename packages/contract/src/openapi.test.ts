import { describe, expect, it } from 'vitest';
import { openApiDocument } from './openapi.js';
import { routes } from './routes.js';

const INFO = { version: '1.2.3', serverUrl: 'http://127.0.0.1:8080' };

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: object;
}
interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: object };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: object }>>;
  readonly security: readonly Readonly<Record<string, unknown>>[];
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** The document as its readers get it: through JSON, so that nothing unserialisable hides. */
function read(): Record<string, unknown> & { paths: Paths; components: { securitySchemes: object } } {
  return JSON.parse(JSON.stringify(openApiDocument(INFO)));
}

const document = read();
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

function findAll(value: unknown, key: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === key && typeof inner === 'string' ? [inner] : []),
    ...findAll(inner, key),
  ]);
}

function resolve(pointer: string): unknown {
  const steps = pointer.replace(/^#\//, '').split('/');
  let value: unknown = document;
  for (const step of steps) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  }
  return value;
}

describe('the OpenAPI document', () => {
  it('is 3.1 with its required members', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Molecule', version: '1.2.3', license: { identifier: 'Apache-2.0' } },
      servers: [{ url: INFO.serverUrl }],
    });
  });

  it('is the same to the byte every time', () => {
    expect(JSON.stringify(openApiDocument(INFO))).toBe(JSON.stringify(openApiDocument(INFO)));
  });

  it('has every route once, under its name', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect([...ids].sort()).toEqual(Object.keys(routes).sort());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has only references that lead somewhere', () => {
    const references = findAll(document, '$ref');
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      expect(reference).toMatch(/^#\//);
      expect([reference, resolve(String(reference))]).toEqual([reference, expect.any(Object)]);
    }
  });

  it.each(operations)('$method $path describes each parameter of its path as required', ({ path, operation }) => {
    const templated = [...path.matchAll(/\{([A-Za-z]+)\}/g)].map(([, name]) => name);
    const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
    expect(inPath.map((parameter) => parameter.name).sort()).toEqual(templated.sort());
    expect(inPath.every((parameter) => parameter.required)).toBe(true);
    expect(path).not.toContain(':');
    const names = operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const parameter of operation.parameters) expect(parameter.schema).toEqual(expect.any(Object));
  });

  it.each(operations)('$method $path describes its answers and how to authenticate', ({ operation }) => {
    for (const [status, response] of Object.entries(operation.responses)) {
      expect(status).toMatch(/^[2-5]\d\d$/);
      expect(response.description).not.toBe('');
      expect(Object.keys(response.content)).not.toEqual([]);
    }
    const schemes = operation.security.flatMap((requirement) => Object.keys(requirement));
    for (const scheme of schemes) expect(document.components.securitySchemes).toHaveProperty(scheme);
  });

  it('says which answers are streams', () => {
    const typesOf = (name: string, status: string): string[] => {
      const found = operations.find(({ operation }) => operation.operationId === name);
      return Object.keys(found?.operation.responses[status]?.content ?? {});
    };
    expect(typesOf('streamWorkspaceEvents', '200')).toEqual(['text/event-stream']);
    expect(typesOf('streamWorkspaceEvents', '404')).toEqual(['application/json']);
    expect(typesOf('sendMessage', '200')).toEqual(['application/json', 'text/event-stream']);
    expect(typesOf('sendMessage', '202')).toEqual(['application/json']);
    expect(typesOf('metrics', '200')).toEqual(['text/plain']);
    expect(typesOf('listWorkspaces', '200')).toEqual(['application/json']);
  });
});
