import type { Command } from '../../command.js';
import { PROGRAM } from '../../config.js';
import { findWorkspace } from '../../find-workspace.js';
import { toBytes, writeLocal } from './content.js';
import { ROOT_FLAG, readPath, readRoot } from './place.js';

export const filesCat: Command = {
  path: ['files', 'cat'],
  args: [
    { name: 'name', required: true },
    { name: 'path', required: true },
  ],
  flags: { root: ROOT_FLAG, out: { kind: 'text', short: 'o', describe: 'write it to this file, byte for byte' } },
  summary: 'Print a file of an agent',
  async run({ args, flags, client, write }) {
    const root = readRoot(flags.root);
    const path = readPath(args[1]);
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const { body } = await connection.call('readFile', { params: { id: workspace.id, path }, query: { root } });
    const { content, ...about } = body;
    if (typeof flags.out === 'string') {
      await writeLocal(flags.out, toBytes(body));
      return { data: { ...about, out: flags.out }, text: `${path}: ${body.size} bytes written to ${flags.out}` };
    }
    if (body.encoding === 'base64') {
      const hint = `${PROGRAM} files cat "${workspace.name}" "${path}" --out <file>`;
      return { data: body, text: `${path} is no text (${body.size} bytes). Save it: ${hint}` };
    }
    write(content);
    return { data: body, text: '' };
  },
};
