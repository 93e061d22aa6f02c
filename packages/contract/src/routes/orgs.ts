import Type, { type Static } from 'typebox';
import { flag } from '../query.js';
import { route } from '../route.js';
import { JsonObject, Nullable, Required, Uuid } from '../schema.js';

/** A name, or a group of which any member satisfies the requirement (contract lifecycle §8.1). */
export const EnvRequirement = Type.Union([Type.String(), Type.Object({ any_of: Type.Array(Type.String()) })]);
export type EnvRequirement = Static<typeof EnvRequirement>;

export const OrgTemplate = Type.Object({
  dir: Type.String(),
  name: Type.String(),
  description: Type.String(),
  workspaces: Type.Integer(),
  required_env: Type.Array(EnvRequirement),
  recommended_env: Type.Array(EnvRequirement),
});
export type OrgTemplate = Static<typeof OrgTemplate>;

export const ImportOrg = Type.Object({
  dir: Type.Optional(Nullable(Type.String())),
  template: Type.Optional(Nullable(JsonObject)),
  force: Type.Optional(Type.Boolean()),
});
export type ImportOrg = Static<typeof ImportOrg>;

/** Where and why a template cannot be used. Line and column are 1-based, absent when the file as a whole is meant. */
export const TemplateProblem = Type.Object({
  id: Type.String(),
  file: Type.String(),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
  reason: Type.String(),
});
export type TemplateProblem = Static<typeof TemplateProblem>;

const PlannedNode = Type.Object({
  /** Names from the root to this node, joined by " / ". */
  path: Type.String(),
  name: Type.String(),
  parent: Nullable(Type.String()),
  tier: Type.Integer(),
  runtime: Type.String(),
  template: Type.String(),
});

/** What an import would do; nothing is written (issue of dry runs, design §13 "org import"). */
export const ImportPlan = Type.Object({
  org: Type.String(),
  create: Type.Array(PlannedNode),
  keep: Type.Array(Type.Object({ path: Type.String(), name: Type.String(), id: Uuid })),
  missing_env: Type.Array(EnvRequirement),
  recommended_missing: Type.Array(EnvRequirement),
  /** What the template asks for and an import does not do, or does otherwise. */
  notes: Type.Optional(Type.Array(Type.String())),
});
export type ImportPlan = Static<typeof ImportPlan>;

export const ImportResult = Type.Object({
  org: Type.String(),
  workspaces: Type.Array(
    Type.Object({
      id: Uuid,
      name: Type.String(),
      tier: Type.Integer(),
      skipped: Type.Optional(Type.Literal(true)),
      channels_skipped: Type.Optional(
        Type.Array(Type.Object({ workspace: Type.String(), type: Type.String(), reason: Type.String() })),
      ),
    }),
  ),
  count: Type.Integer(),
  /** Additive: what the template asks for and an import does not do, or does otherwise. */
  notes: Type.Optional(Type.Array(Type.String())),
});
export type ImportResult = Static<typeof ImportResult>;

export const Template = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  tier: Type.Integer(),
  runtime: Type.String(),
  model: Type.String(),
  models: Type.Optional(Type.Array(JsonObject)),
  required_env: Type.Optional(Type.Array(Type.String())),
  skills: Type.Array(Type.String()),
  skill_count: Type.Integer(),
  provision_timeout_seconds: Type.Optional(Type.Integer()),
  /** Slugs under `runtime_config.providers`; independent of the registry below. */
  providers: Type.Optional(Type.Array(Type.String())),
  /** Entries of the top-level `providers`, in the template's order. */
  provider_registry: Type.Optional(Type.Array(JsonObject)),
});
export type Template = Static<typeof Template>;

export const ImportTemplate = Type.Object({
  name: Required(),
  /** Contents by path inside the folder. */
  files: Type.Record(Type.String(), Type.String()),
});
export type ImportTemplate = Static<typeof ImportTemplate>;

export const orgRoutes = {
  listTemplates: route({
    method: 'GET',
    path: '/templates',
    summary: 'Workspace templates',
    access: 'admin',
    rate: 'default',
    responses: { 200: Type.Array(Template) },
    errors: [],
    source: 'lifecycle §5.1',
  }),
  listTemplateProblems: route({
    method: 'GET',
    path: '/templates/problems',
    summary: 'Templates that cannot be used, with file, line and reason',
    access: 'admin',
    rate: 'default',
    responses: { 200: Type.Array(TemplateProblem) },
    errors: [],
    source: 'design §13 "broken template"',
  }),
  importTemplate: route({
    method: 'POST',
    path: '/templates/import',
    summary: 'Store a workspace template, all of it or nothing',
    access: 'admin',
    rate: 'default',
    body: ImportTemplate,
    invalidBody: 'invalid_request_body',
    bodyLimitBytes: 10 * 1_048_576,
    responses: { 201: Type.Object({ status: Type.Literal('imported'), id: Type.String(), name: Type.String() }) },
    errors: ['invalid_request_body', 'too_many_files', 'template_exists', 'template_not_written'],
    source: 'lifecycle §5.2, D15',
  }),
  listOrgTemplates: route({
    method: 'GET',
    path: '/org/templates',
    summary: 'Org templates that can be imported',
    access: 'admin',
    rate: 'default',
    responses: { 200: Type.Array(OrgTemplate) },
    errors: [],
    source: 'lifecycle §8.1',
  }),
  importOrg: route({
    method: 'POST',
    path: '/org/import',
    summary: 'Bring a whole team online from an org template; importing twice creates nothing twice',
    access: 'admin',
    rate: 'default',
    query: { dry_run: flag('answer with the plan and write nothing') },
    body: ImportOrg,
    invalidBody: 'invalid_request_body',
    responses: { 200: ImportPlan, 201: ImportResult },
    errors: [
      'invalid_request_body',
      'invalid_org_directory',
      'org_template_not_found',
      'org_template_expansion_failed',
      'invalid_org_template',
      'org_source_required',
      'missing_required_env',
    ],
    source: 'lifecycle §8.2, design §13',
  }),
} as const;
