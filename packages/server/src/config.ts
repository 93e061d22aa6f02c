import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import {
  DEFAULT_ORIGINS,
  startsFrom,
  VARIABLES,
  VARIABLES_OF_OTHERS,
  VARIABLES_WITHOUT_EFFECT,
  type Variable,
} from './config-variables.js';

/** Development mode must not be reachable from other machines. */
const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', 'localhost', '::1'];

type Variables = typeof VARIABLES;
type Values = { readonly [K in keyof Variables]: ReturnType<Variables[K]['parse']> };

type GithubVariable = 'githubAppId' | 'githubAppInstallationId' | 'githubAppPrivateKey' | 'githubApiUrl';

export interface Config
  extends Omit<Values, 'dataDir' | 'environment' | 'enableTestTokens' | 'corsOrigins' | GithubVariable> {
  readonly dataDir: string;
  /** Open to everyone on this machine (design §9): the environment says development, ADMIN_TOKEN is unset, loopback only. */
  readonly developmentMode: boolean;
  /** Loopback agent addresses are allowed and the test-token route exists. */
  readonly developmentEnvironment: boolean;
  /** Whose pages may call this server from another origin. */
  readonly corsOrigins: readonly string[];
  /**
   * Those that may do so with a person's session. What runs on port 3000 of somebody's machine is any project of theirs,
   * so the defaults must be named to be trusted that far; in development mode nothing depends on a session.
   */
  readonly trustedOrigins: readonly string[];
  /** Whether test scripts may fetch tokens (contract registry-a2a §3.7). */
  readonly testTokens: boolean;
  /** Null: agents get no token of a GitHub App. */
  readonly githubApp: ReturnType<typeof toGithubApp>;
  readonly provisionConcurrencyFrom: ReturnType<typeof startsFrom>;
  /** What a person should know at boot; each is logged once. */
  readonly warnings: readonly string[];
}

/** The environment is not acceptable. The message names each variable and what it must be; the server does not start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `process.env`, with `.env` of the start directory and of the data directory below it. A variable that is set,
 * even to nothing, wins over a file.
 */
export function readEnvironment(): Environment {
  const own: Environment = process.env;
  const fromStart = readEnvFile(join(process.cwd(), '.env'));
  const merged = { ...fromStart, ...own };
  const fromData = readEnvFile(join(dataDirOf(merged), '.env'));
  return { ...fromData, ...merged };
}

/** Parses the whole environment at once, so that a person sees every mistake in one go. */
export function parseConfig(environment: Environment): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, variable] of Object.entries(VARIABLES)) {
    try {
      values[key] = variable.parse(environment[variable.name]);
    } catch (error) {
      faults.push(`${variable.name} ${error instanceof Error ? error.message : 'is not acceptable'}`);
    }
  }
  if (faults.length > 0) throw new ConfigError(`The environment is not acceptable: ${faults.join('; ')}.`);
  const parsed = values as unknown as Values;
  const developmentEnvironment = ['development', 'dev'].includes((parsed.environment ?? '').toLowerCase());
  const { dataDir: _given, environment: name, enableTestTokens, corsOrigins, ...others } = parsed;
  const { githubAppId, githubAppInstallationId, githubAppPrivateKey, githubApiUrl, ...rest } = others;
  const developmentMode = developmentEnvironment && parsed.adminToken === null && LOOPBACK_HOSTS.includes(parsed.host);
  return {
    ...rest,
    corsOrigins: corsOrigins ?? DEFAULT_ORIGINS,
    trustedOrigins: corsOrigins ?? (developmentMode ? DEFAULT_ORIGINS : []),
    dataDir: dataDirOf(environment),
    developmentEnvironment,
    developmentMode,
    testTokens: enableTestTokens || (name !== 'production' && parsed.orgId === null),
    githubApp: toGithubApp({ githubAppId, githubAppInstallationId, githubAppPrivateKey, githubApiUrl }),
    provisionConcurrencyFrom: startsFrom(environment[VARIABLES.provisionConcurrency.name]),
    warnings: findWarnings(environment),
  };
}

const GITHUB_API = 'https://api.github.com';

/** All that an App takes, or none of it: one that lacks a part would fail every start. */
function toGithubApp(given: Pick<Values, GithubVariable>) {
  const { githubAppId: appId, githubAppInstallationId: installationId, githubAppPrivateKey: privateKey } = given;
  if (appId === null && installationId === null && privateKey === null) return null;
  if (appId === null || installationId === null || privateKey === null) {
    const { githubAppId, githubAppInstallationId, githubAppPrivateKey } = VARIABLES;
    const names = [githubAppId, githubAppInstallationId, githubAppPrivateKey].map(({ name }) => name);
    throw new ConfigError(`The environment is not acceptable: set all of ${names.join(', ')}, or none.`);
  }
  return { appId, installationId, privateKey, apiUrl: given.githubApiUrl ?? GITHUB_API };
}

function dataDirOf(environment: Environment): string {
  const given = VARIABLES.dataDir.parse(environment[VARIABLES.dataDir.name]);
  if (given !== null) return resolve(given);
  return process.getuid?.() === 0 ? '/var/lib/molecule' : join(homedir(), '.molecule');
}

function readEnvFile(path: string): Record<string, string | undefined> {
  try {
    return { ...parseEnv(readFileSync(path, 'utf8')) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR', 'EACCES'].includes(String(error.code)))
      return {};
    throw error;
  }
}

function findWarnings(environment: Environment): string[] {
  const variables: readonly Variable<unknown>[] = Object.values(VARIABLES);
  const known = [...variables.map((variable) => variable.name), ...VARIABLES_OF_OTHERS];
  const warnings = variables.flatMap(({ name, warn }) => {
    const warning = warn?.(environment[name]) ?? null;
    return warning === null ? [] : [`${name} ${warning}.`];
  });
  for (const name of VARIABLES_WITHOUT_EFFECT) {
    if (environment[name] !== undefined) warnings.push(`${name} has no effect: what it switched on is always on.`);
  }
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('MOLECULE_') || known.includes(name)) continue;
    if ((VARIABLES_WITHOUT_EFFECT as readonly string[]).includes(name)) continue;
    const nearest = known.reduce((best, candidate) =>
      distance(name, candidate) < distance(name, best) ? candidate : best,
    );
    warnings.push(`${name} is not a variable of this server. Did you mean ${nearest}?`);
  }
  return warnings;
}

/** Edit distance, for suggestions only. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** What npm may take over from the surroundings of the server: how to reach a registry, and nothing that is a secret of ours. */
const INSTALL_VARIABLES: readonly string[] = [
  'PATH',
  'HOME',
  'LANG',
  'TMPDIR',
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  ...['registry', 'userconfig', 'globalconfig', 'proxy', 'https_proxy', 'noproxy', 'cafile', 'strict_ssl'].flatMap(
    (name) => [`npm_config_${name}`, `NPM_CONFIG_${name.toUpperCase()}`],
  ),
  ...['retries', 'timeout'].map((name) => `npm_config_fetch_${name}`),
];

export function installEnvironment(environment: Environment): Readonly<Record<string, string>> {
  const found = INSTALL_VARIABLES.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { PATH: '/usr/bin:/bin', HOME: homedir(), ...Object.fromEntries(found) };
}

/** The page `docs/configuration.md`. */
export function configurationPage(): string {
  const rows = Object.values(VARIABLES).map(
    (variable) => `| \`${variable.name}\` | ${variable.default} | ${variable.describe} | \`${variable.example}\` |`,
  );
  return [
    '# Configuration',
    '',
    'Generated from `packages/server/src/config-variables.ts` by `npm run gen`.',
    '',
    'Variables come from the environment, then from `.env` in the start directory, then from `.env` in the data directory.',
    'An invalid value keeps the server from starting; an unknown `MOLECULE_` variable is reported once.',
    '',
    '| variable | default | meaning | example |',
    '|---|---|---|---|',
    ...rows,
    '',
    `Accepted without effect: ${VARIABLES_WITHOUT_EFFECT.map((name) => `\`${name}\``).join(', ')}.`,
    '',
  ].join('\n');
}
