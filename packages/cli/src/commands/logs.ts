import { readableLogLine } from '@molecule/contract/log-line';
import { sleep } from '../clock.js';
import { type Command, readCount } from '../command.js';
import { findWorkspace } from '../find-workspace.js';
import { localTime } from '../local-time.js';

const DEFAULT_LINES = 200;
const LINES_MAX = 2000;
const FOLLOW_EVERY_MS = 700;

export const logs: Command = {
  path: ['logs'],
  args: [{ name: 'name', required: true }],
  flags: {
    follow: { kind: 'boolean', short: 'f', describe: 'keep printing what the agent writes, until Ctrl-C' },
    lines: {
      kind: 'text',
      short: 'n',
      describe: `how many lines to begin with (default ${DEFAULT_LINES}, at most ${LINES_MAX})`,
    },
  },
  summary: 'Print what an agent wrote to its log: readable, or as it was written with --json',
  async run({ args, flags, client, item, signal }) {
    const limit = readCount('lines', flags.lines, DEFAULT_LINES, LINES_MAX);
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const params = { id: workspace.id };
    const { body } = await connection.call('getWorkspaceLogs', { params, query: { limit } });
    if (!body.available) return { data: body, text: `${workspace.name} keeps no log on this server.` };
    if (flags.follow !== true) return { data: body, text: body.lines.map(toText).join('\n') };

    let { lines, cursor } = body;
    for (;;) {
      for (const line of lines) item(toText(line), { line });
      await sleep(FOLLOW_EVERY_MS, signal);
      // Ctrl-C is how following ends; it is no failure.
      if (signal.aborted) return { text: '' };
      const next = await connection.call('getWorkspaceLogs', { params, query: { after: cursor, limit: LINES_MAX } });
      ({ lines, cursor } = next.body);
    }
  },
};

function toText(line: string): string {
  return readableLogLine(line, localTime);
}
