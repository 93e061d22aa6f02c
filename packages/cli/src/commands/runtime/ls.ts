import type { Command } from '../../command.js';
import { table } from '../../table.js';
import { sizesOf, stateOf } from './words.js';

export const runtimeLs: Command = {
  path: ['runtime', 'ls'],
  args: [],
  flags: {},
  summary: 'List the runtimes whose programs this host has, or can install',
  async run({ client }) {
    const { body } = await client().call('listRuntimes', {});
    const rows = body.map((found) => [found.runtime, found.version, stateOf(found), sizesOf(found)]);
    const failures = body.flatMap(({ last_failure: failure }) => (failure === null ? [] : [failure]));
    const text =
      body.length === 0
        ? 'This host installs no programs of runtimes.'
        : [table(['RUNTIME', 'VERSION', 'STATE', 'ON DISK'], rows), ...failures].join('\n');
    return { data: body, text };
  },
};
