import { type Command, UsageError } from '../../command.js';
import { describeRestarts, dryRunFlag, previewOutcome } from '../restart-preview.js';
import { findScope, wsFlag } from './scope.js';

export const secretSet: Command = {
  path: ['secret', 'set'],
  args: [
    { name: 'key', required: true },
    { name: 'value', required: false, text: true },
  ],
  flags: { ws: wsFlag, 'dry-run': dryRunFlag },
  summary: 'Set a secret; without a value it is read from the input, and asked for unseen on a terminal',
  async run({ args, flags, client, readInput }) {
    const [key = '', given] = args;
    const connection = client();
    const workspace = await findScope(connection, flags);
    const value = given ?? (await readInput(`Value of ${key}: `));
    if (value === '') throw new UsageError('the value is empty; "secret rm" takes a secret away');
    const query = { dry_run: flags['dry-run'] === true };
    if (workspace === null) {
      const { body } = await connection.call('putGlobalSecret', { query, body: { key, value } });
      if (body.status === 'dry_run') return previewOutcome(body);
      return { data: body, text: `${key} is saved for all agents; ${describeRestarts(body.restarts)}` };
    }
    const { body } = await connection.call('putSecret', { params: { id: workspace.id }, query, body: { key, value } });
    if (body.status === 'dry_run') return previewOutcome(body);
    return {
      data: body,
      text: `${key} is saved for ${workspace.name}; its agent works with it from its next start on`,
    };
  },
};
