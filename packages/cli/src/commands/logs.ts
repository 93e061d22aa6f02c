import { sleep } from '../clock.js';
import type { Command } from '../command.js';
import { findWorkspace } from '../find-workspace.js';

const FOLLOW_EVERY_MS = 700;

export const logs: Command = {
  path: ['logs'],
  args: [{ name: 'name', required: true }],
  flags: {
    follow: { kind: 'boolean', short: 'f', describe: 'keep printing what the agent writes' },
    lines: { kind: 'text', short: 'n', describe: 'how many lines to begin with (default 200)' },
  },
  summary: 'Print what an agent wrote to its log',
  async run({ args, flags, client, say, json, signal }) {
    const connection = await client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const params = { id: workspace.id };
    const first = await connection.call('getWorkspaceLogs', {
      params,
      query: typeof flags.lines === 'string' ? { limit: flags.lines } : {},
    });
    if (!first.body.available) return { data: first.body, text: `${workspace.name} keeps no log on this server.` };
    if (flags.follow !== true) return { data: first.body, text: first.body.lines.join('\n') };
    const print = (lines: readonly string[]): void => {
      for (const line of lines)
        if (json) process.stdout.write(`${JSON.stringify({ line })}\n`);
        else say(line);
    };
    print(first.body.lines);
    for (let cursor = first.body.cursor; !signal.aborted; ) {
      await sleep(FOLLOW_EVERY_MS, signal);
      if (signal.aborted) break;
      const next = await connection.call('getWorkspaceLogs', { params, query: { after: cursor, limit: 2000 } });
      cursor = next.body.cursor;
      print(next.body.lines);
    }
    return { data: null, text: '' };
  },
};
