/** The variable, and the secret, that holds the model of a workspace. The name is historic (contract lifecycle §4.7). */
export const MODEL_VARIABLE = 'MODEL_PROVIDER';
/** The same for its provider (contract lifecycle §4.8). */
export const PROVIDER_VARIABLE = 'LLM_PROVIDER';

/**
 * Which provider serves a model, told by the text before the first `/` of its slug (contract lifecycle §4.9). The one
 * table of the product: the server stores by it what an agent is given, and a runtime may ship the very same file.
 * `templates/hermes/provider-facts.json` records what the boot script of that runtime does with the same prefixes; a
 * test compares both ways (R24).
 */
export const PROVIDER_BY_PREFIX: ReadonlyMap<string, string> = new Map([
  ['minimax-cn', 'minimax-cn'],
  ['kimi-coding-cn', 'kimi-coding-cn'],
  ['minimax', 'minimax'],
  ['anthropic', 'anthropic'],
  ['gemini', 'gemini'],
  ['deepseek', 'deepseek'],
  ['zai', 'zai'],
  ['kimi-coding', 'kimi-coding'],
  ['alibaba', 'alibaba'],
  ['dashscope', 'alibaba'],
  ['qwen', 'alibaba'],
  ['xiaomi', 'xiaomi'],
  ['mimo', 'xiaomi'],
  ['arcee', 'arcee'],
  ['arcee-ai', 'arcee'],
  ['nvidia', 'nvidia'],
  ['nim', 'nvidia'],
  ['ollama-cloud', 'ollama-cloud'],
  ['huggingface', 'huggingface'],
  ['hf', 'huggingface'],
  ['ai-gateway', 'ai-gateway'],
  ['aigateway', 'ai-gateway'],
  ['kilocode', 'kilocode'],
  ['opencode-zen', 'opencode-zen'],
  ['opencode-go', 'opencode-go'],
  // The runtime knows better where only a key of OpenAI, or one of Nous, exists: it then takes `custom`, or `nous`.
  ['openai', 'openrouter'],
  ['nousresearch', 'openrouter'],
  ['openrouter', 'openrouter'],
  ['custom', 'custom'],
  ['xai', 'xai'],
  ['grok', 'xai'],
  ['bedrock', 'bedrock'],
  ['aws', 'bedrock'],
  ['tencent', 'tencent-tokenhub'],
  ['tencent-tokenhub', 'tencent-tokenhub'],
  ['gmi', 'gmi'],
  ['qwen-oauth', 'qwen-oauth'],
  ['lmstudio', 'lmstudio'],
  ['lm-studio', 'lmstudio'],
  ['minimax-oauth', 'minimax-oauth'],
  ['alibaba-coding-plan', 'alibaba-coding-plan'],
  ['google-gemini-cli', 'google-gemini-cli'],
  ['openai-codex', 'openai-codex'],
  ['copilot-acp', 'copilot-acp'],
  ['copilot', 'copilot'],
]);

/** The provider of a model slug; null when it names none that is known. Case-sensitive, as slugs are. */
export function deriveProvider(model: string): string | null {
  const slash = model.indexOf('/');
  return slash < 0 ? null : (PROVIDER_BY_PREFIX.get(model.slice(0, slash)) ?? null);
}
