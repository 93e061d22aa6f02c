import type { LanguageModel } from 'ai';
import type { ModelChoice } from './model-choice.js';

/**
 * Loads the one provider library the choice needs (each costs megabytes) and returns its model. Never reads
 * `process.env`: key and address are always given, so the libraries' own defaults cannot step in.
 */
export async function loadLanguageModel(choice: ModelChoice): Promise<LanguageModel> {
  switch (choice.provider) {
    case 'anthropic': {
      const { createAnthropic } = await import('@ai-sdk/anthropic');
      const baseURL = toAnthropicBaseUrl(choice.baseUrl ?? 'https://api.anthropic.com');
      return createAnthropic({ apiKey: choice.apiKey ?? '', baseURL })(choice.modelId);
    }
    case 'openai': {
      const { createOpenAI } = await import('@ai-sdk/openai');
      const baseURL = choice.baseUrl ?? 'https://api.openai.com/v1';
      return createOpenAI({ apiKey: choice.apiKey ?? '', baseURL }).responses(choice.modelId);
    }
    case 'openai-compatible': {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      return createOpenAICompatible({
        name: 'openai-compatible',
        baseURL: choice.baseUrl ?? '',
        ...(choice.apiKey !== null && { apiKey: choice.apiKey }),
        includeUsage: true,
      })(choice.modelId);
    }
  }
}

/** ANTHROPIC_BASE_URL is written without the version, as Anthropic's own libraries take it; this one wants it. */
function toAnthropicBaseUrl(url: string): string {
  const trimmed = url.replace(/\/+$/, '');
  return /\/v\d+$/.test(trimmed) ? trimmed : `${trimmed}/v1`;
}
