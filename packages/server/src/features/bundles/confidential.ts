import { isMap, isPair, isScalar, visit } from 'yaml';
import { readYaml } from '../../platform/yaml-source.js';

const BLANK = '[REDACTED]';

/** Shorter values are words ("true", "8080"): blanking them destroys the text and protects nothing. */
const LENGTH_MIN = 6;

/** Tokens that say by their shape whose they are, wherever they stand; labels as in contract memory-mcp-rest §1.6. */
const SHAPES: readonly (readonly [label: string, shape: RegExp])[] = [
  ['PRIVATE_KEY', /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g],
  ['SK_TOKEN', /\bsk-[A-Za-z0-9_-]{20,}/g],
  ['GITHUB_TOKEN', /\b(?:gh[opsur]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{40,})/g],
  ['AWS_KEY', /\bAKIA[A-Z0-9]{16}\b/g],
  ['GOOGLE_KEY', /\bAIza[A-Za-z0-9_-]{35}/g],
  ['SLACK_TOKEN', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g],
  ['TELEGRAM_TOKEN', /\b\d{6,12}:[A-Za-z0-9_-]{35}\b/g],
  ['JWT', /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g],
];

/** Keys of a configuration whose value is a credential; `…_env` and `…_file` only say where one lies. */
const CREDENTIAL_KEY = /(?:api_?key|secret|password|passwd|private_?key|access_?key|(?:auth|access|bot)_?token)$/i;
const VARIABLE = /^\$\{?[A-Za-z_][A-Za-z0-9_]*\}?$/;

/**
 * Blanks what must not leave the server in a text: the values given, longest first, and whatever looks like a credential.
 * Doing it twice changes nothing.
 */
export function createBlanker(values: readonly string[]): (text: string) => string {
  const known = values
    // A key of several lines may stand in a file line by line.
    .flatMap((value) => [value, ...value.split('\n')])
    .filter((value) => value.trim().length >= LENGTH_MIN)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    const blanked = known.reduce((rest, value) => rest.replaceAll(value, BLANK), text);
    return SHAPES.reduce((rest, [label, shape]) => rest.replaceAll(shape, `[REDACTED:${label}]`), blanked);
  };
}

/**
 * A config.yaml without the values of keys that hold credentials, and with every other value blanked; it stays the YAML it
 * was, and everything else and every comment stays.
 */
export function blankConfig(configYaml: string, blank: (text: string) => string): string {
  const parsed = readYaml(configYaml);
  if ('faults' in parsed || !isMap(parsed.source.document.contents)) return configYaml;
  const { document } = parsed.source;
  let found = false;
  visit(document, {
    Pair(_index, pair) {
      if (!isPair(pair) || !isScalar(pair.key) || !isScalar(pair.value)) return;
      const { value } = pair.value;
      if (!CREDENTIAL_KEY.test(String(pair.key.value)) || (typeof value !== 'string' && typeof value !== 'number'))
        return;
      if (value === '' || value === BLANK || VARIABLE.test(String(value))) return;
      pair.value.value = BLANK;
      found = true;
    },
    // Value by value: in the text itself, the brackets of a mark would be a list.
    Scalar(_key, scalar) {
      const text = typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? '');
      const blanked = blank(text);
      if (blanked === text) return;
      scalar.value = blanked;
      found = true;
    },
  });
  return found ? document.toString({ lineWidth: 0 }) : configYaml;
}

/** `value` with every text in it changed; names of fields stay, and so do files in base64. */
export function mapTexts<T>(value: T, change: (text: string) => string): T {
  return mapValue(value, change) as T;
}

function mapValue(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item: unknown) => mapValue(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === 'files_base64' ? item : mapValue(item, change)]),
  );
}
