import { type Command, RefusedError } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { STOP_WAIT_MS } from '../../stop-wait.js';

export const wsRm: Command = {
  path: ['ws', 'rm'],
  args: [{ name: 'name', required: true }],
  flags: {
    yes: { kind: 'boolean', short: 'y', describe: 'remove its children as well, without asking' },
    purge: { kind: 'boolean', describe: 'also delete what it owns: secrets, files, tokens' },
  },
  summary: 'Remove a workspace and everything below it',
  async run({ args, flags, client }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const { status, body } = await connection.call(
      'deleteWorkspace',
      { params: { id: workspace.id }, query: { confirm: flags.yes === true, purge: flags.purge === true } },
      { timeoutMs: STOP_WAIT_MS },
    );
    if (status === 409) {
      const names = body.children.map((child) => child.name).join(', ');
      throw new RefusedError(
        `"${workspace.name}" has ${body.children_count} ${body.children_count === 1 ? 'child' : 'children'}: ${names}`,
        { help: 'Repeat with --yes to remove them as well.', fields: { children: body.children } },
      );
    }
    const below = body.cascade_deleted > 0 ? ` and ${body.cascade_deleted} below it` : '';
    return { data: body, text: `${workspace.name}${below}: ${body.status}` };
  },
};
