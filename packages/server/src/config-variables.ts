import { createPrivateKey } from 'node:crypto';
import { isIP } from 'node:net';

/** One variable of the environment: how it is read, and what the generated page says about it. */
export interface Variable<T> {
  readonly name: string;
  readonly describe: string;
  /** Shown as the default; `none` when unset means off. */
  readonly default: string;
  readonly example: string;
  /** Never printed. */
  readonly secret: boolean;
  /** Throws a ConfigError-worthy sentence (without the name) when the text is not acceptable. */
  readonly parse: (text: string | undefined) => T;
  /** What a person should know about a text that is accepted without being used (without the name); null for nothing. */
  readonly warn?: (text: string | undefined) => string | null;
}

interface Description {
  readonly describe: string;
  readonly example: string;
  readonly secret?: boolean;
}

function variable<T>(
  name: string,
  fallback: string,
  description: Description,
  parse: (text: string | undefined) => T,
): Variable<T> {
  return { name, default: fallback, secret: false, ...description, parse };
}

const blank = (text: string | undefined): text is undefined | '' => text === undefined || text.trim() === '';

function textOr<T extends string | null>(name: string, fallback: T, description: Description): Variable<string | T> {
  return variable(name, fallback ?? 'none', description, (text) => (blank(text) ? fallback : text.trim()));
}

function integer(name: string, fallback: number, min: number, max: number, description: Description): Variable<number> {
  return variable(name, String(fallback), description, (text) => {
    if (blank(text)) return fallback;
    const value = Number(text.trim());
    if (!Number.isInteger(value) || value < min || value > max)
      throw new Error(`must be an integer from ${min} to ${max}`);
    return value;
  });
}

/**
 * Reads a number the way the predecessor did: garbage and non-positive values mean the default (contract). Digits only:
 * "9e99" is garbage too, and as seconds it would be more than the database can count.
 */
function lenientSeconds<T extends number | null>(
  name: string,
  fallback: T,
  description: Description,
): Variable<number | T> {
  return variable(name, fallback === null ? 'none' : String(fallback), description, (text) => {
    const digits = (text ?? '').trim();
    const value = /^\d{1,9}$/.test(digits) ? Number(digits) : 0;
    return value > 0 ? value : fallback;
  });
}

const lenientMegabytes = lenientSeconds<number>;

function url(name: string, description: Description): Variable<string | null> {
  return variable(name, 'none', description, (text) => {
    if (blank(text)) return null;
    const trimmed = text.trim().replace(/\/+$/, '');
    const parsed = URL.canParse(trimmed) ? new URL(trimmed) : null;
    if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') throw new Error('must be an http or https URL');
    return trimmed;
  });
}

/** An RSA private key in PEM, in any of its forms. A variable can hardly hold line breaks; \\n stands for them. */
function rsaKey(name: string, description: Description): Variable<string | null> {
  return variable(name, 'none', description, (text) => {
    if (blank(text)) return null;
    const pem = text.trim().replaceAll('\\n', '\n');
    try {
      if (createPrivateKey(pem).asymmetricKeyType === 'rsa') return pem;
    } catch {
      // Told below; what OpenSSL says about it would be no help.
    }
    throw new Error('must be an RSA private key in PEM');
  });
}

function flag(name: string, description: Description): Variable<boolean> {
  return variable(name, 'off', description, (text) => {
    if (blank(text) || text.trim() === '0') return false;
    if (text.trim() === '1') return true;
    throw new Error('must be 1 or 0');
  });
}

function encryptionKey(name: string, description: Description): Variable<string | null> {
  return variable<string | null>(name, 'none', description, (text) => {
    if (blank(text)) return null;
    if (Buffer.byteLength(text) === 32 || Buffer.from(text, 'base64').length === 32) return text;
    throw new Error('must be base64 of 32 bytes, or exactly 32 bytes');
  });
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The canvas of the predecessor, as its developers ran it (contract registry-a2a §1.2). */
export const DEFAULT_ORIGINS: readonly string[] = ['http://localhost:3000', 'http://localhost:3001'];

/** Null when unset, which is not the same as naming the defaults. */
function origins(name: string, description: Description): Variable<readonly string[] | null> {
  return variable<readonly string[] | null>(name, DEFAULT_ORIGINS.join(','), description, (text) => {
    if (blank(text)) return null;
    return listOf(text).map((item) => {
      const trimmed = item.replace(/\/+$/, '').toLowerCase();
      if (!/^https?:/.test(trimmed) || !URL.canParse(trimmed) || new URL(trimmed).origin !== trimmed)
        throw new Error(`must be a list of origins such as https://ops.example.com, and "${item}" is none`);
      return trimmed;
    });
  });
}

function proxies(name: string, description: Description): Variable<readonly string[]> {
  return variable(name, 'none', description, (text) => {
    const wrong = listOf(text).find((item) => !isNetwork(item));
    if (wrong !== undefined) throw new Error(`must be a list of addresses or networks, and "${wrong}" is none`);
    return listOf(text);
  });
}

/** Not all addresses at once, nor IPv4 in the clothes of IPv6: whoever compares addresses later takes neither. */
function isNetwork(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined || (version === 6 && address.includes('.'))) return false;
  return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

const STARTS_DEFAULT = 3;
/** The contract's "without limit" (lifecycle §26.6). */
const STARTS_UNLIMITED = 1_048_576;

/** Null for a text that says no number of starts. */
function readStarts(text: string | undefined): number | null {
  if (blank(text)) return STARTS_DEFAULT;
  if (!/^\d+$/.test(text.trim())) return null;
  const value = Number(text.trim());
  return value === 0 ? STARTS_UNLIMITED : Math.min(value, STARTS_UNLIMITED);
}

/** Where the number of parallel starts comes from, for the log: a text that says none is not used. */
export function startsFrom(text: string | undefined): 'MOLECULE_PROVISION_CONCURRENCY' | 'default' {
  return blank(text) || readStarts(text) === null ? 'default' : 'MOLECULE_PROVISION_CONCURRENCY';
}

/** Every variable the server reads. `docs/configuration.md` is generated from this list. */
export const VARIABLES = {
  port: integer('PORT', 8080, 0, 65_535, {
    describe: 'Port to listen on; 0 picks a free one, after a crash the same if it can.',
    example: '8080',
  }),
  host: textOr('HOST', '127.0.0.1', {
    describe: 'Address to listen on. Anything but loopback makes the server reachable from other machines.',
    example: '0.0.0.0',
  }),
  dataDir: textOr('MOLECULE_DATA_DIR', null, {
    describe:
      'Where keys, agents and database lie. Default ~/.molecule, as root /var/lib/molecule. Started by root the ' +
      'database may lie in /var/lib/molecule/pg-… instead: the start prints where, a backup needs both.',
    example: '/srv/molecule',
  }),
  databaseUrl: textOr('DATABASE_URL', null, {
    describe: 'A Postgres 15 or newer to use instead of the embedded one. Needed for more than one replica.',
    example: 'postgres://molecule@db/molecule',
    secret: true,
  }),
  adminToken: textOr('ADMIN_TOKEN', null, {
    describe: 'The admin credential. Without it one is generated and kept in the data directory.',
    example: 'a long random text',
    secret: true,
  }),
  environment: textOr('MOLECULE_ENV', null, {
    describe: 'development or dev together with an unset ADMIN_TOKEN opens the server to everyone on this machine.',
    example: 'production',
  }),
  orgId: textOr('MOLECULE_ORG_ID', null, {
    describe:
      'Set where a router serves several tenants under one name: requests for another tenant get an empty 404. ' +
      'See `docs/security.md`.',
    example: 'org_2x4',
  }),
  enableTestTokens: flag('MOLECULE_ENABLE_TEST_TOKENS', {
    describe:
      '1 lets test scripts fetch workspace tokens with the admin token also in production and on a tenant; elsewhere they may anyway.',
    example: '1',
  }),
  orgTemplatesDir: textOr('MOLECULE_ORG_TEMPLATES_DIR', null, {
    describe: 'A folder of org templates; they extend the built-in ones and win on equal names.',
    example: '/srv/org-templates',
  }),
  templatesDir: textOr('CONFIGS_DIR', null, {
    describe:
      'A folder of workspace templates; they extend the built-in ones and win on equal names. Imported ones are written ' +
      'there, without it to templates/ in the data directory. Plugins that org templates name lie beside it, in `../plugins`.',
    example: '/srv/templates',
  }),
  rateLimit: integer('RATE_LIMIT', 600, 1, 1_000_000_000, {
    describe: 'Requests per minute and credential; without one, or with a wrong one, per address.',
    example: '1000',
  }),
  logLevel: variable<LogLevel>(
    'LOG_LEVEL',
    'info',
    { describe: `One of ${LOG_LEVELS.join(', ')}.`, example: 'debug' },
    (text) => {
      const level = blank(text) ? 'info' : text.trim().toLowerCase();
      const known = LOG_LEVELS.find((candidate) => candidate === level);
      if (!known) throw new Error(`must be one of ${LOG_LEVELS.join(', ')}`);
      return known;
    },
  ),
  corsOrigins: origins('CORS_ORIGINS', {
    describe:
      'Origins besides our own, separated by commas, whose pages may call this server and open the live socket, with a ' +
      'token or with the session of a person. What is set replaces the default, whose pages need a token outside ' +
      'development mode.',
    example: 'https://ops.example.com',
  }),
  trustedProxies: proxies('MOLECULE_TRUSTED_PROXIES', {
    describe:
      'Addresses or networks of proxies, separated by commas, whose X-Forwarded-For is believed; else every request ' +
      'counts for the address of its connection.',
    example: '10.0.0.0/8',
  }),
  publicUrl: url('EXTERNAL_PLATFORM_URL', {
    describe: 'The URL under which people and remote agents reach this server.',
    example: 'https://molecule.example.com',
  }),
  secretsKey: encryptionKey('SECRETS_ENCRYPTION_KEY', {
    describe:
      'Key for stored secrets: base64 of 32 bytes. Without it one is generated in the data directory. Change it with ' +
      '`npm run rotate-secrets-key`, never by hand.',
    example: 'openssl rand -base64 32',
    secret: true,
  }),
  newSecretsKey: encryptionKey('SECRETS_ENCRYPTION_KEY_NEW', {
    describe:
      'Read by `npm run rotate-secrets-key` alone: the key that stored secrets are encrypted with from then on. Needed ' +
      'when SECRETS_ENCRYPTION_KEY is set; else one is generated.',
    example: 'openssl rand -base64 32',
    secret: true,
  }),
  githubAppId: textOr('GITHUB_APP_ID', null, {
    describe:
      'With GITHUB_APP_INSTALLATION_ID and GITHUB_APP_PRIVATE_KEY: every agent is started with a token of that ' +
      'installation as GITHUB_TOKEN and GH_TOKEN, unless it has one of its own. It lasts for an hour at most.',
    example: '123456',
  }),
  githubAppInstallationId: textOr('GITHUB_APP_INSTALLATION_ID', null, {
    describe: 'Which installation of the GitHub App.',
    example: '7890123',
  }),
  githubAppPrivateKey: rsaKey('GITHUB_APP_PRIVATE_KEY', {
    describe: 'Private key of the GitHub App in PEM; \\n stands for a line break.',
    example: 'the text of the .pem file',
    secret: true,
  }),
  githubApiUrl: url('GITHUB_API_URL', {
    describe: 'Of GitHub Enterprise, where the App lives there. Default: https://api.github.com.',
    example: 'https://github.example.com/api/v3',
  }),
  provisionTimeoutSeconds: lenientSeconds('PROVISION_TIMEOUT_SECONDS', null, {
    describe: 'Limit of every start. Default: what the template says, 30 min for hermes, else 10 min.',
    example: '900',
  }),
  tier2MemoryMb: lenientMegabytes('TIER2_MEMORY_MB', 512, {
    describe: 'Memory one process of an agent of tier 2 may use, in MiB. Tier 1 has no limit.',
    example: '1024',
  }),
  tier3MemoryMb: lenientMegabytes('TIER3_MEMORY_MB', 2_048, {
    describe: 'The same for tier 3, which is the default.',
    example: '4096',
  }),
  tier4MemoryMb: lenientMegabytes('TIER4_MEMORY_MB', 4_096, {
    describe: 'The same for tier 4.',
    example: '8192',
  }),
  externalSilenceSeconds: lenientSeconds('REMOTE_LIVENESS_STALE_AFTER', 90, {
    describe: 'Seconds without a heartbeat after which an external agent counts as gone.',
    example: '120',
  }),
  idleTimeoutSeconds: lenientSeconds('A2A_IDLE_TIMEOUT_SECONDS', 300, {
    describe: 'Seconds without a sign of life after which a message under way is given up.',
    example: '600',
  }),
  stuckAfterSeconds: lenientSeconds('DELEGATION_STUCK_THRESHOLD_S', 600, {
    describe: 'Seconds without a heartbeat of its agent after which a delegation under way is called stuck.',
    example: '1200',
  }),
  stuckSweepSeconds: lenientSeconds('DELEGATION_SWEEPER_INTERVAL_S', 300, {
    describe: 'Seconds between two looks for stuck delegations.',
    example: '60',
  }),
  activityRetentionDays: lenientSeconds('ACTIVITY_RETENTION_DAYS', 7, {
    describe: 'Days after which activity rows are deleted.',
    example: '30',
  }),
  metricsToken: textOr('METRICS_TOKEN', null, {
    describe: 'When set, /metrics asks for it as a bearer token.',
    example: 'a long random text',
    secret: true,
  }),
  runtimeInstalls: variable<boolean>(
    'MOLECULE_RUNTIME_INSTALLS',
    'on',
    {
      describe:
        'Whether the programs of claude-code and codex are installed with npm into the data directory when first needed. ' +
        'off: nothing is downloaded, and `claude` or `codex` in PATH serve instead.',
      example: 'off',
    },
    (text) => {
      const value = blank(text) ? 'on' : text.trim().toLowerCase();
      if (value !== 'on' && value !== 'off') throw new Error('must be on or off');
      return value === 'on';
    },
  ),
  provisionConcurrency: {
    ...variable<number>(
      'MOLECULE_PROVISION_CONCURRENCY',
      String(STARTS_DEFAULT),
      { describe: 'Agents started at the same time on one host; 0 means without limit.', example: '10' },
      (text) => readStarts(text) ?? STARTS_DEFAULT,
    ),
    // Shipped deployments rely on being started anyway (contract lifecycle §8.6).
    warn: (text) =>
      readStarts(text) === null
        ? `is ignored and ${STARTS_DEFAULT} used instead: "${text}" is not a whole number from 0 on`
        : null,
  },
} as const satisfies Record<string, Variable<unknown>>;

/** Accepted for the sake of existing deployments; they have no effect any more (design §8, §13). */
export const VARIABLES_WITHOUT_EFFECT = [
  'DELEGATION_LEDGER_WRITE',
  'DELEGATION_RESULT_INBOX_PUSH',
  'DELEGATION_SYNC_VIA_INBOX',
  'MEMORY_V2_CUTOVER',
] as const;

/** Read by scripts and by agents, not by the server; known so that they are not reported as typing errors. */
export const VARIABLES_OF_OTHERS = [
  'MOLECULE_URL',
  'MOLECULE_TOKEN',
  'MOLECULE_CONFORMANCE',
  'MOLECULE_GIT_SHA',
] as const;
