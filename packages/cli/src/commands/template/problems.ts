import { type Command, EXIT } from '../../command.js';
import { table } from '../../table.js';

/** Fails when there is something to mend, so that a script can ask before it goes on. */
export const templateProblems: Command = {
  path: ['template', 'problems'],
  args: [],
  flags: {},
  summary: 'Name the templates that cannot be used, with file, line and reason',
  async run({ client }) {
    const { body } = await client().call('listTemplateProblems', {});
    if (body.length === 0) return { data: body, text: 'All templates can be used.' };
    const rows = body.map(({ id, file, line, reason }) => [id, line === undefined ? file : `${file}:${line}`, reason]);
    return { data: body, text: table(['TEMPLATE', 'WHERE', 'WHY'], rows), exit: EXIT.refused };
  },
};
