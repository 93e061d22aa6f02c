import { type Command, UsageError } from '../../command.js';
import { PROGRAM } from '../../config.js';
import { findWorkspace } from '../../find-workspace.js';

export const templateSet: Command = {
  path: ['template', 'set'],
  args: [
    { name: 'workspace', required: true },
    { name: 'template', required: false },
  ],
  flags: { none: { kind: 'boolean', describe: 'store no template: the configuration stays as it is from now on' } },
  summary: 'Store the template an agent is built from; its next restart lays it over the configuration',
  async run({ args, flags, client }) {
    const [wanted = '', template] = args;
    if ((template === undefined) !== (flags.none === true)) {
      throw new UsageError('give either a template or --none');
    }
    const connection = client();
    const workspace = await findWorkspace(connection, wanted);
    const { body } = await connection.call('setWorkspaceTemplate', {
      params: { id: workspace.id },
      body: { template: template ?? '' },
    });
    const text =
      body.template === ''
        ? `${workspace.name}: no template is stored; its configuration stays as it is`
        : `${workspace.name}: the template "${body.template}" is stored. Lay it over the configuration: ${PROGRAM} ws restart ${workspace.id}`;
    return { data: body, text };
  },
};
