import { agrees } from '../../ask.js';
import { type Command, RefusedError } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { STOP_WAIT_MS } from '../../stop-wait.js';

export const wsRm: Command = {
  path: ['ws', 'rm'],
  alias: ['ws', 'delete'],
  args: [{ name: 'name', required: true }],
  flags: {
    yes: { kind: 'boolean', short: 'y', describe: 'remove it and everything below it without asking' },
    purge: { kind: 'boolean', describe: 'also delete what it owns: secrets, files, tokens' },
  },
  summary: 'Remove a workspace and everything below it; asks first on a terminal',
  async run({ args, flags, ask, client }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const remove = (confirm: boolean) =>
      connection.call(
        'deleteWorkspace',
        { params: { id: workspace.id }, query: { confirm, purge: flags.purge === true } },
        { timeoutMs: STOP_WAIT_MS },
      );
    const owned = flags.purge === true ? ' and delete its secrets, files and tokens' : '';
    if (flags.yes !== true && ask !== null && !(await agrees(ask, `Remove "${workspace.name}"${owned}?`))) {
      throw new RefusedError('nothing was removed');
    }
    let reply = await remove(flags.yes === true);
    if (reply.status === 409) {
      const { children } = reply.body;
      const refusal = `"${workspace.name}" has ${childrenOf(reply.body)}`;
      if (ask === null) {
        throw new RefusedError(refusal, { help: 'Repeat with --yes to remove them as well.', fields: { children } });
      }
      if (!(await agrees(ask, `${refusal}. Remove them as well?`))) throw new RefusedError('nothing was removed');
      reply = await remove(true);
    }
    // Whoever confirmed is not asked to confirm.
    if (reply.status === 409) throw new RefusedError(`"${workspace.name}" has ${childrenOf(reply.body)}`);
    const { body } = reply;
    const below = body.cascade_deleted > 0 ? ` and ${body.cascade_deleted} below it` : '';
    return { data: body, text: `${workspace.name}${below}: ${body.status}` };
  },
};

function childrenOf(found: {
  readonly children_count: number;
  readonly children: readonly { name: string }[];
}): string {
  const names = found.children.map((child) => child.name).join(', ');
  return `${found.children_count} ${found.children_count === 1 ? 'child' : 'children'}: ${names}`;
}
