import { ApiError } from '@molecule/contract/client';
import { type Command, RefusedError } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { readLocal, toBody } from './content.js';
import { readPath } from './place.js';

export const filesPut: Command = {
  path: ['files', 'put'],
  args: [
    { name: 'name', required: true },
    { name: 'file', required: true },
    { name: 'path', required: true },
  ],
  flags: {
    new: { kind: 'boolean', describe: 'only when there is no such file yet' },
    'if-match': { kind: 'text', describe: 'only when it is still this version (etag of files cat --json)' },
  },
  summary: 'Write a local file into the configuration folder of an agent',
  async run({ args, flags, client }) {
    const path = readPath(args[2]);
    const bytes = await readLocal(args[1] ?? '');
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    try {
      const { body } = await connection.call(
        'writeFile',
        { params: { id: workspace.id, path }, body: toBody(bytes) },
        {
          headers: {
            ...(flags.new === true ? { 'if-none-match': '*' } : {}),
            ...(typeof flags['if-match'] === 'string' ? { 'if-match': `"${flags['if-match']}"` } : {}),
          },
        },
      );
      return { data: body, text: `${workspace.name}: ${path} saved; the agent sees it after a restart` };
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'file_changed')) throw error;
      const why = flags.new === true ? `there is a ${path} already` : `${path} is another version by now`;
      throw new RefusedError(`${why}; nothing was written`, { fields: { conflict: true, path } });
    }
  },
};
