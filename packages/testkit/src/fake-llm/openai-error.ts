import type { JsonObject } from './json.js';
import type { LlmRefusal } from './script.js';

/** The error body of every OpenAI endpoint. */
export function openAiError({ status, error }: LlmRefusal): JsonObject {
  return {
    error: {
      message: error.message,
      type: error.type ?? (status >= 500 ? 'server_error' : 'invalid_request_error'),
      param: null,
      code: error.code ?? null,
    },
  };
}
