import type { InstallableRuntime } from '@molecule/contract';
import type { Client } from '@molecule/contract/client';
import { sleep } from '../../clock.js';
import { type Command, RefusedError } from '../../command.js';
import { sizesOf } from './words.js';

const LOOK_MS = 1_000;

export const runtimeInstall: Command = {
  path: ['runtime', 'install'],
  args: [{ name: 'runtime', required: true }],
  flags: {},
  summary: 'Install the program of a runtime before the first agent needs it, and wait for it',
  async run({ args, client, note, signal }) {
    const connection = client();
    const name = args[0] ?? '';
    let found = (await connection.call('installRuntime', { params: { name } })).body;
    let said = '';
    while (found.state === 'installing' && !signal.aborted) {
      if (found.note !== null && found.note !== said) note(found.note);
      said = found.note ?? said;
      await sleep(LOOK_MS, signal);
      found = await look(connection, name);
    }
    if (found.state === 'installing') {
      return { data: found, text: `${name} is still being installed; the server goes on with it` };
    }
    if (found.state === 'missing') throw new RefusedError(found.last_failure ?? `${name} was not installed`);
    return { data: found, text: `${name} ${found.version} is there: ${sizesOf(found)}` };
  },
};

async function look(client: Client, name: string): Promise<InstallableRuntime> {
  const { body } = await client.call('listRuntimes', {});
  const found = body.find(({ runtime }) => runtime === name);
  if (found === undefined) throw new RefusedError(`this server does not know the runtime ${name} any more`);
  return found;
}
