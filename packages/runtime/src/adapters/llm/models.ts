/** The model families this adapter can talk to, each over its own protocol. */
export type ProviderName = 'anthropic' | 'openai' | 'openai-compatible';

/**
 * What is asked for when only a key is known. A mid-size model of the family: an organisation makes many calls, and the
 * largest model by default would surprise the person who pays. Update here when a family moves on.
 */
export const DEFAULT_MODELS = {
  anthropic: 'claude-sonnet-5-5',
  openai: 'gpt-5.6',
} as const;

/** Short names that people and templates write for a family's model. */
export const MODEL_ALIASES: Readonly<Record<string, { readonly provider: ProviderName; readonly modelId: string }>> = {
  sonnet: { provider: 'anthropic', modelId: 'claude-sonnet-5-5' },
  opus: { provider: 'anthropic', modelId: 'claude-opus-5-5' },
  haiku: { provider: 'anthropic', modelId: 'claude-haiku-5-5' },
};

/** Words before `:` or `/` in a model slug that name a provider. */
export const PROVIDER_PREFIXES: Readonly<Record<string, ProviderName>> = {
  anthropic: 'anthropic',
  claude: 'anthropic',
  openai: 'openai',
  'openai-compatible': 'openai-compatible',
  custom: 'openai-compatible',
};

/** Bare model ids whose family is known by their beginning. */
export const BARE_PATTERNS: readonly { readonly pattern: RegExp; readonly provider: ProviderName }[] = [
  { pattern: /^claude-/, provider: 'anthropic' },
  { pattern: /^(gpt-|chatgpt-|o[134](-|$))/, provider: 'openai' },
];

/** How each family is called in sentences for people. */
export const PROVIDER_LABELS: Readonly<Record<ProviderName, string>> = {
  anthropic: 'Anthropic',
  openai: 'OpenAI',
  'openai-compatible': 'the server at OPENAI_BASE_URL',
};
