import Type, { type Static } from 'typebox';
import { strictWorkspaceId } from '../query.js';
import { route } from '../route.js';
import { dryRun, RestartPreview } from './restart-preview.js';

/**
 * The model and the provider of one workspace. Each is kept as a secret of that workspace, MODEL_PROVIDER (a historic
 * name: it holds the model) and LLM_PROVIDER, and each of them outlives every restart (contract lifecycle §4.7, §4.8).
 */
/** `global_secrets` is additive: nobody chose for this workspace, and the shared choice is in force. */
const Source = Type.Union([Type.Literal('default'), Type.Literal('workspace_secrets'), Type.Literal('global_secrets')]);
export type ChosenSource = Static<typeof Source>;
const Cleared = Type.Object({ status: Type.Literal('cleared') });

const common = {
  access: 'workspace',
  rate: 'default',
  params: { id: strictWorkspaceId },
} as const;
const errors = ['invalid_workspace_id', 'secrets_unreadable'] as const;
const writeErrors = ['invalid_request_body', 'invalid_workspace_id', 'workspace_not_found'] as const;

export const chosenModelRoutes = {
  getModel: route({
    ...common,
    method: 'GET',
    path: '/workspaces/:id/model',
    summary: 'The model in force for a workspace, and who chose it; empty when its configuration decides',
    responses: { 200: Type.Object({ model: Type.String(), source: Source }) },
    errors,
    failedText: 'query failed',
    source: 'lifecycle §4.7',
  }),
  putModel: route({
    ...common,
    method: 'PUT',
    path: '/workspaces/:id/model',
    summary: 'Choose the model of a workspace, "" takes the choice back; its agent starts again with it',
    query: { dry_run: dryRun },
    body: Type.Object({ model: Type.String() }),
    invalidBody: 'invalid_request_body',
    responses: {
      200: Type.Union([Type.Object({ status: Type.Literal('saved'), model: Type.String() }), Cleared, RestartPreview]),
    },
    errors: writeErrors,
    failedText: 'failed to save model',
    source: 'lifecycle §4.7',
  }),
  getProvider: route({
    ...common,
    method: 'GET',
    path: '/workspaces/:id/provider',
    summary:
      'The provider in force for a workspace, and who chose it; empty when its model or its configuration decides',
    responses: { 200: Type.Object({ provider: Type.String(), source: Source }) },
    errors,
    failedText: 'query failed',
    source: 'lifecycle §4.8',
  }),
  putProvider: route({
    ...common,
    method: 'PUT',
    path: '/workspaces/:id/provider',
    summary: 'Choose the provider of a workspace, "" takes the choice back; its agent starts again with it',
    query: { dry_run: dryRun },
    body: Type.Object({ provider: Type.String() }),
    invalidBody: 'invalid_request_body',
    responses: {
      200: Type.Union([
        Type.Object({ status: Type.Literal('saved'), provider: Type.String() }),
        Cleared,
        RestartPreview,
      ]),
    },
    errors: writeErrors,
    failedText: 'failed to save provider',
    source: 'lifecycle §4.8',
  }),
} as const;
