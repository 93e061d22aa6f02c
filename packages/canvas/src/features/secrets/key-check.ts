/** What a look at a typed value tells. An error is not saved; a warning leaves the decision to the person. */
export interface KeyRemark {
  readonly severity: 'error' | 'warning';
  readonly text: string;
}

const PREFIXES: ReadonlyMap<string, { readonly prefix: string; readonly owner: string }> = new Map([
  ['ANTHROPIC_API_KEY', { prefix: 'sk-ant-', owner: 'Anthropic' }],
  ['OPENAI_API_KEY', { prefix: 'sk-', owner: 'OpenAI' }],
]);

/** Null when there is nothing to remark. `anyKey`: the key is for a server that makes its own. */
export function remarkOn(name: string, typed: string, anyKey = false): KeyRemark | null {
  const value = typed.trim();
  if (value === '') return null;
  if (/^(ANTHROPIC|OPENAI)_BASE_URL$/.test(name)) return remarkOnAddress(value);
  const known = PREFIXES.get(name);
  if (known === undefined || anyKey) return null;
  if (/\s/.test(value)) return warning('A key has no spaces. Check that only the key was pasted.');
  if (name === 'OPENAI_API_KEY' && value.startsWith('sk-ant-')) {
    return warning('This looks like a key of Anthropic, which has its own field above.');
  }
  if (value.startsWith(known.prefix)) return null;
  return warning(`Keys of ${known.owner} begin with ${known.prefix}. Check it before you save it.`);
}

function remarkOnAddress(value: string): KeyRemark | null {
  if (/^https?:\/\//i.test(value) && URL.canParse(value)) return null;
  return { severity: 'error', text: 'The address must begin with http:// or https://.' };
}

function warning(text: string): KeyRemark {
  return { severity: 'warning', text };
}
