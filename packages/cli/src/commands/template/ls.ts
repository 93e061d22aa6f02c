import type { Command } from '../../command.js';
import { PROGRAM } from '../../config.js';
import { table } from '../../table.js';

export const templateLs: Command = {
  path: ['template', 'ls'],
  args: [],
  flags: {},
  summary: 'List the templates an agent can be made from',
  async run({ client }) {
    const { body } = await client().call('listTemplates', {});
    if (body.length === 0) {
      return {
        data: body,
        text: `There is no template. "${PROGRAM} template problems" tells of those that are broken.`,
      };
    }
    const rows = body.map(({ id, runtime, model, skill_count: skills, name, description }) => [
      id,
      runtime || '-',
      model || '-',
      String(skills),
      name,
      description,
    ]);
    return { data: body, text: table(['TEMPLATE', 'RUNTIME', 'MODEL', 'SKILLS', 'NAME', 'ABOUT'], rows) };
  },
};
