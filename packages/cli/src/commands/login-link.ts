import type { Command } from '../command.js';

export const loginLink: Command = {
  path: ['login-link'],
  args: [],
  flags: {},
  summary: 'Print a one-time link that logs a browser in',
  async run({ client }) {
    const { body } = await (await client()).call('createLoginLink', {});
    return { data: body, text: `${body.url}\nWorks once, until ${new Date(body.expires_at).toLocaleTimeString()}.` };
  },
};
