import { dirname, extname, join, resolve } from 'node:path';
import { PROGRAM_VARIABLE } from '@molecule/contract/runtime-files';
import { StartupError } from './exit.js';

/** Part of every idempotency key of what a program delegates while it works on this message. */
export const MESSAGE_ID_VARIABLE = 'MOLECULE_MESSAGE_ID';

/** Everything the runtime learns from its environment, read once. The agent token is never here: it lies in a file. */
export interface RuntimeEnv {
  readonly workspaceId: string;
  /** Without a trailing slash. */
  readonly platformUrl: string;
  readonly configsDir: string;
  readonly configPath: string;
  /** Where `ready.json` and the journal live. */
  readonly runDir: string;
  readonly model: string | null;
  /** Names this very process among all that ever ran for the workspace; null outside the process driver. */
  readonly instanceId: string | null;
  /** Makes the echo adapter honour the message-id prefixes of the public A2A conformance kit. */
  readonly conformance: boolean;
  /** The program that the adapter drives; null: the one in PATH. */
  readonly program: string | null;
  /** The message an agent program works on: set for what that program starts. */
  readonly messageId: string | null;
  /** Where the agent keeps what is its own between starts. */
  readonly home: string;
  /** All variables, for adapters that look up their own keys. */
  readonly variables: Readonly<Record<string, string>>;
}

/** All variables that are set. */
export function readVariables(
  source: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(source).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** The environment of an agent process. Throws {@link StartupError} naming the variable that is missing or malformed. */
export function readEnv(source: Readonly<Record<string, string | undefined>> = process.env): RuntimeEnv {
  const variables = readVariables(source);
  const configPath = findConfigPath(variables);
  const configsDir = resolve(variables.CONFIGS_DIR || dirname(configPath));
  return {
    workspaceId: required(variables, 'WORKSPACE_ID'),
    platformUrl: parsePlatformUrl(required(variables, 'PLATFORM_URL')),
    configsDir,
    configPath,
    runDir: resolve(variables.MOLECULE_RUN_DIR || join(configsDir, '..', 'run')),
    model: variables.MODEL || null,
    instanceId: variables.MOLECULE_INSTANCE_ID || null,
    program: variables[PROGRAM_VARIABLE] || null,
    messageId: variables[MESSAGE_ID_VARIABLE] || null,
    home: resolve(variables.HOME || join(configsDir, '..', 'home')),
    conformance: variables.MOLECULE_CONFORMANCE === '1',
    variables,
  };
}

/** WORKSPACE_CONFIG_PATH has been both a folder and a file among the clients of the contract; accept either. */
function findConfigPath(variables: Readonly<Record<string, string>>): string {
  const path = variables.WORKSPACE_CONFIG_PATH || variables.CONFIGS_DIR || '/configs';
  return resolve(['.yaml', '.yml'].includes(extname(path)) ? path : join(path, 'config.yaml'));
}

function required(variables: Readonly<Record<string, string>>, name: string): string {
  const value = variables[name];
  if (!value)
    throw new StartupError(`The variable ${name} is not set; the process that starts a workspace must provide it.`);
  return value;
}

function parsePlatformUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new StartupError(`PLATFORM_URL must be an http or https address, got "${text}".`);
  }
  return text.replace(/\/+$/, '');
}
