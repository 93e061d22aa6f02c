const UNIVERSAL_DEFAULT = 'anthropic:claude-opus-4-7';

/** What a generated config.yaml names when nobody chose a model (contract lifecycle §12.5). Case-sensitive; never empty. */
export function defaultModel(runtime: string): string {
  return runtime === 'claude-code' ? 'sonnet' : UNIVERSAL_DEFAULT;
}
