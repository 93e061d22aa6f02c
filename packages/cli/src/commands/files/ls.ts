import { type Command, readCount } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { table } from '../../table.js';
import { ROOT_FLAG, readPath, readRoot } from './place.js';

export const filesLs: Command = {
  path: ['files', 'ls'],
  args: [
    { name: 'name', required: true },
    { name: 'folder', required: false },
  ],
  flags: { root: ROOT_FLAG, depth: { kind: 'text', describe: 'levels of folders, 1 to 5 (default 1)' } },
  summary: 'List the files of an agent',
  async run({ args, flags, client }) {
    const root = readRoot(flags.root);
    const depth = readCount('depth', flags.depth, 1, 5);
    const folder = args[1] === undefined ? undefined : readPath(args[1]);
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const { body } = await connection.call('listFiles', {
      params: { id: workspace.id },
      query: { root, depth, ...(folder === undefined ? {} : { path: folder }) },
    });
    if (body.length === 0) return { data: body, text: `There are no files in ${root}${folder ? `/${folder}` : ''}.` };
    const rows = body.map(({ path, size, dir, link }) => [
      `${path}${dir ? '/' : link ? '@' : ''}`,
      dir || link ? '' : String(size),
    ]);
    return { data: body, text: table(['PATH', 'BYTES'], rows) };
  },
};
