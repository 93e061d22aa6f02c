import type { Command } from '../../command.js';

export const runtimeRm: Command = {
  path: ['runtime', 'rm'],
  args: [{ name: 'runtime', required: true }],
  flags: {},
  summary: 'Delete the program of a runtime from this host; the next agent of it installs it again',
  async run({ args, client }) {
    const { body } = await client().call('removeRuntime', { params: { name: args[0] ?? '' } });
    return { data: body, text: `${body.runtime}: nothing of it is left on this host` };
  },
};
