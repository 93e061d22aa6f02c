import type { TSchema } from 'typebox';
import { errorSpec } from './errors.js';
import type { Param } from './query.js';
import type { RouteSpec } from './route.js';
import { routes } from './routes.js';

/** This API as an OpenAPI 3.1 document. Deterministic: the same contract gives the same bytes. */
export function openApiDocument(info: {
  readonly version: string;
  readonly serverUrl: string;
}): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, spec] of Object.entries<RouteSpec>(routes)) {
    const path = spec.path.replace(/[:*]([A-Za-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [spec.method.toLowerCase()]: operation(name, spec) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Molecule',
      version: info.version,
      description: 'Control plane for organisations of AI agents.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: info.serverUrl }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'Admin token, or the token of a workspace.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'molecule_session',
          description: 'Cookie of a login link; its name carries the port.',
        },
      },
      schemas: {
        Error: {
          type: 'object',
          required: ['error', 'code', 'retry'],
          properties: {
            error: { type: 'string' },
            code: { type: 'string' },
            retry: { type: 'boolean' },
            help: { type: 'string' },
            request_id: { type: 'string' },
          },
        },
      },
    },
  };
}

function operation(name: string, spec: RouteSpec): Record<string, unknown> {
  const responses: Record<string, unknown> = {};
  for (const [status, schema] of Object.entries(spec.responses)) {
    responses[status] = { description: 'Success', content: contentOf(spec, status, schema) };
  }
  for (const [status, codes] of refusalsByStatus(spec)) {
    responses[status] ??= {
      description: codes.join(', '),
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    };
  }
  return {
    operationId: name,
    summary: spec.summary,
    description: `Access: ${spec.access}. Source: ${spec.source}.`,
    security: securityOf(spec),
    parameters: [...parameters('path', spec.params), ...parameters('query', spec.query)],
    ...(spec.body
      ? { requestBody: { required: !spec.bodyOptional, content: { 'application/json': { schema: spec.body } } } }
      : {}),
    responses,
  };
}

function securityOf({ access }: RouteSpec): readonly Record<string, readonly string[]>[] {
  switch (access) {
    case 'open':
      return [];
    // A session is a person's, and these are for the agent alone.
    case 'own':
      return [{ bearer: [] }];
    default:
      return [{ bearer: [] }, { session: [] }];
  }
}

function refusalsByStatus(spec: RouteSpec): Map<string, string[]> {
  const byStatus = new Map<string, string[]>();
  for (const code of spec.errors) {
    const status = String(errorSpec(code).status);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
}

function parameters(place: 'path' | 'query', params: Readonly<Record<string, Param<unknown>>> | undefined): unknown[] {
  return Object.entries(params ?? {}).map(([name, param]) => ({
    name,
    in: place,
    required: place === 'path',
    description: param.describe,
    schema: param.schema,
  }));
}

function contentOf(spec: RouteSpec, status: string, schema: TSchema): Record<string, unknown> {
  if (spec.stream === 'text') return { 'text/plain': { schema } };
  if (spec.stream === 'file') return { 'application/octet-stream': { schema } };
  if (spec.stream !== 'sse' || status !== '200') return { 'application/json': { schema } };
  const events = { 'text/event-stream': { schema: { type: 'string' } } };
  // A route whose body is text only ever streams; the other one streams when the caller's method asks for it.
  return 'type' in schema && schema.type === 'string' ? events : { 'application/json': { schema }, ...events };
}
