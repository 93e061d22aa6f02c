import type { Command } from '../command.js';
import { findWorkspace } from '../find-workspace.js';
import { dryRunFlag, previewOutcome } from './restart-preview.js';

const name = { name: 'name', required: true } as const;

export const modelGet: Command = {
  path: ['model', 'get'],
  args: [name],
  flags: {},
  summary: 'Print the model chosen for a workspace',
  async run({ args, client, note }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const { body } = await connection.call('getModel', { params: { id: workspace.id } });
    if (body.model === '') note(`No model is chosen for ${workspace.name}: its configuration and its keys decide.`);
    return { data: body, text: body.model };
  },
};

export const modelSet: Command = {
  path: ['model', 'set'],
  args: [name, { name: 'model', required: true }],
  flags: { 'dry-run': dryRunFlag },
  summary: 'Choose the model of a workspace; "" takes the choice back',
  async run({ args, flags, client }) {
    const [wanted = '', model = ''] = args;
    const connection = client();
    const workspace = await findWorkspace(connection, wanted);
    const query = { dry_run: flags['dry-run'] === true };
    const { body } = await connection.call('putModel', { params: { id: workspace.id }, query, body: { model } });
    if (body.status === 'dry_run') return previewOutcome(body);
    return { data: body, text: `${workspace.name}: ${body.status === 'cleared' ? 'no model chosen' : body.model}` };
  },
};

export const providerGet: Command = {
  path: ['provider', 'get'],
  args: [name],
  flags: {},
  summary: 'Print the provider chosen for a workspace',
  async run({ args, client, note }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const { body } = await connection.call('getProvider', { params: { id: workspace.id } });
    if (body.provider === '') note(`No provider is chosen for ${workspace.name}: its model and its keys decide.`);
    return { data: body, text: body.provider };
  },
};

export const providerSet: Command = {
  path: ['provider', 'set'],
  args: [name, { name: 'provider', required: true }],
  flags: { 'dry-run': dryRunFlag },
  summary: 'Choose the provider of a workspace; "" takes the choice back',
  async run({ args, flags, client }) {
    const [wanted = '', provider = ''] = args;
    const connection = client();
    const workspace = await findWorkspace(connection, wanted);
    const query = { dry_run: flags['dry-run'] === true };
    const { body } = await connection.call('putProvider', { params: { id: workspace.id }, query, body: { provider } });
    if (body.status === 'dry_run') return previewOutcome(body);
    return {
      data: body,
      text: `${workspace.name}: ${body.status === 'cleared' ? 'no provider chosen' : body.provider}`,
    };
  },
};
