import Type, { type Static } from 'typebox';
import { type Param, workspaceId } from '../query.js';
import { route } from '../route.js';
import { JsonObject, Nullable, Uuid } from '../schema.js';

const Files = Type.Record(Type.String(), Type.String());

const BundleSkill = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  /** Text by path, relative to the skill. */
  files: Files,
  /** Additive: files that are no text, as base64. */
  files_base64: Type.Optional(Files),
});
export type BundleSkill = Static<typeof BundleSkill>;

/** A workspace with everything below it, to be carried to another server (contract lifecycle §9.3). */
export const Bundle = Type.Object({
  schema: Type.Literal('1.0'),
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  tier: Type.Integer(),
  /** The owner's explicit choice; "" leaves it to config.yaml. */
  model: Type.String(),
  system_prompt: Type.String(),
  skills: Type.Array(BundleSkill),
  tools: Type.Array(Type.Object({ id: Type.String(), config: JsonObject })),
  /** `config.yaml` and the prompt files it names, by path. */
  prompts: Files,
  /** Bundles again. */
  sub_workspaces: Type.Array(JsonObject),
  agent_card: Nullable(JsonObject),
  author: Type.String(),
  version: Type.String(),
  /** Additive: children that could not be exported, and why; absent when there are none. */
  omitted: Type.Optional(Type.Array(Type.Object({ id: Uuid, name: Type.String(), reason: Type.String() }))),
});
export type Bundle = Static<typeof Bundle>;

/** What an import created, in the shape of the bundle. */
export const ImportedBundle = Type.Object({
  workspace_id: Uuid,
  name: Type.String(),
  /** Whether the agent comes up is told by its workspace afterwards; one that runs elsewhere is waited for. */
  status: Type.Union([Type.Literal('provisioning'), Type.Literal('awaiting_agent')]),
  /** The same again; absent when there are none. */
  children: Type.Optional(Type.Array(JsonObject)),
});
export type ImportedBundle = Static<typeof ImportedBundle>;

/** Any failure to export answers the same (contract lifecycle §9.1), an id of another form included. */
const exportedId: Param<string> = {
  ...workspaceId,
  parse(raw) {
    const parsed = workspaceId.parse(raw);
    return parsed.ok ? parsed : { ...parsed, code: 'bundle_not_found' };
  },
};

export const BUNDLE_BYTES_MAX = 32 * 1024 * 1024;

export const bundleRoutes = {
  exportBundle: route({
    method: 'GET',
    path: '/bundles/export/:id',
    summary: 'A workspace and everything below it as one file: configuration, prompts, skills; no secrets, no memory',
    access: 'admin',
    rate: 'default',
    params: { id: exportedId },
    responses: { 200: Bundle },
    errors: ['bundle_not_found', 'bundle_too_large'],
    source: 'lifecycle §9.1',
  }),
  importBundle: route({
    method: 'POST',
    path: '/bundles/import',
    summary: 'Create the workspaces of a bundle, all of them or none, always as new ones',
    access: 'admin',
    rate: 'default',
    // Judged by hand: whoever wrote a bundle is told of all its mistakes at once.
    body: JsonObject,
    invalidBody: 'invalid_bundle',
    bodyLimitBytes: BUNDLE_BYTES_MAX,
    responses: { 201: ImportedBundle },
    errors: ['invalid_bundle'],
    source: 'lifecycle §9.2',
  }),
} as const;
