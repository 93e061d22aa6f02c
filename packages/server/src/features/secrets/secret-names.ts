import { VARIABLES, type Variable } from '../../config-variables.js';
import { refuse } from '../../platform/http/app-error.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** Each name with the reason a person is told. */
const REFUSED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    // What the server is told in confidence, so that a credential added there is refused here without another list.
    Object.values<Variable<unknown>>(VARIABLES)
      .filter(({ secret }) => secret)
      .map(({ name }) => [name, 'it is a credential of the server itself']),
  ),
  WORKSPACE_ID: 'the server sets it for every agent',
  PLATFORM_URL: 'the server sets it for every agent',
  WORKSPACE_CONFIG_PATH: 'the server sets it for every agent',
  CONFIGS_DIR: 'the server sets it for every agent',
  HOME: 'the server sets it for every agent',
  TMPDIR: 'the server sets it for every agent',
  PATH: 'it decides which programs an agent runs',
  NODE_OPTIONS: 'it loads code into every Node process of an agent',
  NODE_PATH: 'it decides which code an agent loads',
  NODE_EXTRA_CA_CERTS: 'it decides whom an agent trusts',
  NODE_TLS_REJECT_UNAUTHORIZED: 'it turns off the check of certificates',
  PYTHONPATH: 'it decides which code an agent loads',
  PYTHONSTARTUP: 'it loads code into every Python process of an agent',
  BASH_ENV: 'it runs code in every shell of an agent',
  ENV: 'it runs code in every shell of an agent',
};

const REFUSED_PREFIXES: readonly (readonly [prefix: string, reason: string])[] = [
  ['MOLECULE_', 'names that begin with MOLECULE_ belong to the server'],
  ['LD_', 'names that begin with LD_ load code into every process of an agent'],
  ['DYLD_', 'names that begin with DYLD_ load code into every process of an agent'],
];

/** Null when a secret may have this name, otherwise why not. */
export function whyRefused(name: string): string | null {
  if (!NAME.test(name)) {
    return 'a name starts with a letter or underscore, goes on with letters, digits and underscores, and has at most 128 characters';
  }
  if (name === '__proto__') return 'no program can read a variable of this name';
  const upper = name.toUpperCase();
  return (
    (Object.hasOwn(REFUSED, upper) ? REFUSED[upper] : undefined) ??
    REFUSED_PREFIXES.find(([prefix]) => upper.startsWith(prefix))?.[1] ??
    null
  );
}

/** Refuses with `secret_name_refused`, naming each name and why. A secret becomes a variable of the agent's environment. */
export function checkNames(names: readonly string[]): void {
  const refused = names.flatMap((name) => {
    const reason = whyRefused(name);
    return reason === null ? [] : [`${name.slice(0, 128)}: ${reason}`];
  });
  if (refused.length > 0) {
    refuse('secret_name_refused', { help: `Choose another name. ${refused.join('; ')}.` });
  }
}
