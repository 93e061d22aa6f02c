import type { Command } from '../../command.js';
import { table } from '../../table.js';

export const orgLs: Command = {
  path: ['org', 'ls'],
  args: [],
  flags: {},
  summary: 'List the org templates that can be imported',
  async run({ client }) {
    const { body } = await client().call('listOrgTemplates', {});
    const rows = body.map((template) => [
      template.dir,
      String(template.workspaces),
      template.name,
      template.description,
    ]);
    return { data: body, text: table(['DIR', 'AGENTS', 'NAME', 'ABOUT'], rows) };
  },
};
