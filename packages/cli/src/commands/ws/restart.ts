import type { Command } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';

/** Starts the agent anew. The server answers at once and goes on by itself. */
export const wsRestart: Command = {
  path: ['ws', 'restart'],
  args: [{ name: 'name', required: true }],
  flags: {
    template: { kind: 'text', describe: 'lay this template over the configuration of the agent' },
    reset: { kind: 'boolean', describe: 'let the agent forget its conversations' },
    apply: { kind: 'boolean', describe: 'lay the stored template over the configuration again' },
  },
  summary: 'Start an agent anew',
  async run({ args, flags, client }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const { body } = await connection.call('restartWorkspace', {
      params: { id: workspace.id },
      body: {
        ...(typeof flags.template === 'string' ? { template: flags.template } : {}),
        ...(flags.apply === true ? { apply_template: true } : {}),
        ...(flags.reset === true ? { reset: true } : {}),
      },
    });
    if (body.status === 'noop') return { data: body, text: body.message };
    const template = body.template_applied
      ? `, with the template "${body.config_dir}" laid over its configuration`
      : '; its configuration stays as it is';
    const session = body.reset_session ? '; it forgets its conversations' : '';
    return { data: body, text: `${workspace.name} is starting${template}${session}` };
  },
};
