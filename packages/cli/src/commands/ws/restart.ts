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
    rebuild: { kind: 'boolean', describe: 'without a stored template: lay the one made for its name in org-templates' },
  },
  summary: 'Start an agent anew',
  async run({ args, flags, client }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    // By its name as well: alone, the flag prefers a template that is called like the agent over the stored one.
    const stored = flags.apply === true ? workspace.template || null : null;
    const template = typeof flags.template === 'string' ? flags.template : stored;
    const { body } = await connection.call('restartWorkspace', {
      params: { id: workspace.id },
      body: {
        ...(template === null ? {} : { template }),
        ...(flags.apply === true ? { apply_template: true } : {}),
        ...(flags.rebuild === true ? { rebuild_config: true } : {}),
        ...(flags.reset === true ? { reset: true } : {}),
      },
    });
    if (body.status === 'noop') return { data: body, text: body.message };
    const outcome = body.template_applied
      ? `, with the template "${body.config_dir}" laid over its configuration`
      : '; its configuration stays as it is';
    const session = body.reset_session ? '; it forgets its conversations' : '';
    return { data: body, text: `${workspace.name} is starting${outcome}${session}` };
  },
};
