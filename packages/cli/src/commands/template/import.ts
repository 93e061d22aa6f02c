import { basename, resolve } from 'node:path';
import type { Command } from '../../command.js';
import { PROGRAM } from '../../config.js';
import { readTemplateFolder } from '../../template-folder.js';

export const templateImport: Command = {
  path: ['template', 'import'],
  args: [{ name: 'folder', required: true }],
  flags: { name: { kind: 'text', describe: 'the name to store it under, instead of that of the folder' } },
  summary: 'Store a folder of this machine as a template of the server',
  async run({ args, flags, client }) {
    const folder = resolve(args[0] ?? '');
    const files = readTemplateFolder(folder);
    const name = typeof flags.name === 'string' ? flags.name : basename(folder);
    const { body } = await client().call('importTemplate', { body: { name, files } }, { timeoutMs: 60_000 });
    return {
      data: body,
      text: `${body.id}: stored, ${Object.keys(files).length} files. Give it to an agent: ${PROGRAM} template set <workspace> ${body.id}`,
    };
  },
};
