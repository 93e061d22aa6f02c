import type { Connection } from '@molecule/contract';

/** One way to connect an agent that runs elsewhere, in the order in which people should try them. */
export interface Way {
  readonly id: string;
  readonly label: string;
  readonly key: keyof Connection;
  readonly help: {
    /** Where its pieces come from. */
    readonly install: string;
    readonly link: { readonly text: string; readonly href: string };
    /** What people see when it does not work, and what to do about it. */
    readonly errors: readonly { readonly seen: string; readonly fix: string }[];
  };
}

const revoked = {
  seen: '401 invalid workspace auth token',
  fix: 'The token was replaced or revoked. Rotate the credentials here and paste the new one.',
};
const offline = {
  seen: 'The card goes back to “Awaiting agent” after a minute and a half',
  fix: 'No heartbeat arrives. Look whether the program still runs, and whether this server can be reached from there.',
};

export const ways: readonly Way[] = [
  {
    id: 'mcp',
    label: 'Universal MCP',
    key: 'universal_mcp_snippet',
    help: {
      install: 'Needs Node.js 20.19 or newer. The program comes from this server; nothing else is installed.',
      link: { text: 'What MCP is', href: 'https://modelcontextprotocol.io' },
      errors: [
        revoked,
        offline,
        { seen: 'exit code 2', fix: 'An environment variable is missing; the program names it. Copy the whole line.' },
      ],
    },
  },
  {
    id: 'python',
    label: 'Python SDK',
    key: 'python_snippet',
    help: {
      install: 'Python 3.11 or newer; the SDK is third-party software, installed from its own publishers.',
      link: { text: 'Python downloads', href: 'https://www.python.org/downloads/' },
      errors: [
        revoked,
        {
          seen: '400 on register',
          fix: 'The address the agent reports cannot be used from here. Leave it out: it then polls.',
        },
      ],
    },
  },
  {
    id: 'claude-code',
    label: 'Claude Code',
    key: 'claude_code_channel_snippet',
    help: {
      install: 'Needs Bun and Claude Code; the channel plugin is third-party software.',
      link: { text: 'Bun', href: 'https://bun.sh' },
      errors: [
        {
          seen: 'plugin not installed',
          fix: 'Run the two /plugin lines inside Claude Code first, then start it anew.',
        },
        {
          seen: 'not on approved channels allowlist',
          fix: 'Start it with the flag for development channels, as below.',
        },
        { seen: 'config-missing', fix: 'Write the .env file of the snippet, readable for you alone.' },
      ],
    },
  },
  {
    id: 'hermes',
    label: 'Hermes',
    key: 'hermes_channel_snippet',
    help: {
      install: 'Needs Hermes and Python; the channel is third-party software.',
      link: { text: 'Python downloads', href: 'https://www.python.org/downloads/' },
      errors: [
        {
          seen: 'The gateway does not know “molecule”',
          fix: 'Put the block under the existing key of its config file; do not add a second one.',
        },
        revoked,
      ],
    },
  },
  {
    id: 'codex',
    label: 'Codex',
    key: 'codex_snippet',
    help: {
      install: 'Needs Codex 0.57 or newer and Python; the bridge is third-party software.',
      link: { text: 'Codex', href: 'https://github.com/openai/codex' },
      errors: [
        { seen: 'duplicate key in config.toml', fix: 'The table exists already: merge the lines into it by hand.' },
        revoked,
      ],
    },
  },
  {
    id: 'openclaw',
    label: 'OpenClaw',
    key: 'openclaw_snippet',
    help: {
      install: 'Needs OpenClaw; third-party software. It only makes outgoing connections.',
      link: { text: 'Node.js', href: 'https://nodejs.org' },
      errors: [
        { seen: 'no provider configured', fix: 'Run its onboarding once, with the provider and model you use.' },
        revoked,
      ],
    },
  },
  {
    id: 'curl',
    label: 'curl',
    key: 'curl_register_template',
    help: {
      install: 'Registers once and shows the answer; a program of yours has to send the heartbeats.',
      link: { text: 'API reference of this server', href: '/docs' },
      errors: [
        { seen: '404 without a text', fix: 'The Origin header is missing, or the address is that of another server.' },
        revoked,
      ],
    },
  },
];

/** Raw values, for whoever writes a client of their own. */
export const fieldKeys = [
  'workspace_id',
  'platform_url',
  'auth_token',
  'registry_endpoint',
  'heartbeat_endpoint',
] as const satisfies readonly (keyof Connection)[];

const PLACEHOLDERS = ['<paste from create response>', '<paste auth_token from create response>'] as const;

/** The snippet with the token in the places that wait for it. Without a token it stays as it is. */
export function stampToken(snippet: string, token: string): string {
  if (token === '') return snippet;
  return PLACEHOLDERS.reduce((text, placeholder) => text.replaceAll(placeholder, token), snippet);
}
