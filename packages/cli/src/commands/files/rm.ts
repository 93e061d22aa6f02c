import { agrees } from '../../ask.js';
import { type Command, RefusedError } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { readPath } from './place.js';

export const filesRm: Command = {
  path: ['files', 'rm'],
  args: [
    { name: 'name', required: true },
    { name: 'path', required: true },
  ],
  flags: { yes: { kind: 'boolean', short: 'y', describe: 'delete without asking' } },
  summary: 'Delete a file or folder of the configuration folder of an agent; asks first on a terminal',
  async run({ args, flags, ask, client }) {
    const path = readPath(args[1]);
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    if (flags.yes !== true && ask !== null && !(await agrees(ask, `Delete ${path} of "${workspace.name}"?`))) {
      throw new RefusedError('nothing was deleted');
    }
    const { body } = await connection.call('deleteFile', { params: { id: workspace.id, path } });
    return { data: body, text: `${workspace.name}: ${path} deleted` };
  },
};
