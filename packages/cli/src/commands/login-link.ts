import type { Command } from '../command.js';

export const loginLink: Command = {
  path: ['login-link'],
  args: [],
  flags: {},
  summary: 'Print a one-time link that logs a browser in',
  async run({ client, note }) {
    const { body } = await client().call('createLoginLink', {});
    // The link alone is the output, so that it can be passed on to another program.
    note(`Works once, until ${new Date(body.expires_at).toLocaleTimeString()}.`);
    return { data: body, text: body.url };
  },
};
