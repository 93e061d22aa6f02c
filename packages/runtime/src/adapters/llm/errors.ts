import { APICallError, RetryError } from 'ai';
import { AdapterError } from '../adapter.js';
import type { ModelChoice } from './model-choice.js';
import { PROVIDER_LABELS } from './models.js';

/** What can be known of a failed call, whichever library threw it and in whichever shape. */
interface Failure {
  readonly status: number | null;
  /** Error type and code as the API names them, joined. */
  readonly kind: string;
  readonly message: string;
  readonly retryAfterSeconds: number | null;
  /** `ECONNREFUSED` and its like; null when the failure was not of the network. */
  readonly networkCode: string | null;
}

/**
 * Puts any failure of a model call into a sentence that says what to do. The result never holds the key, and its cause is
 * only the redacted text: the library's error objects carry whole requests and responses.
 */
export function toAdapterError(error: unknown, choice: ModelChoice): AdapterError {
  if (error instanceof AdapterError) return error;
  const failure = readFailure(error);
  const detail = redact(failure.message, choice);
  const who = PROVIDER_LABELS[choice.provider];
  const raise = (code: AdapterError['code'], message: string, retryable: boolean) =>
    new AdapterError(code, message, { retryable, cause: new Error(detail) });
  const { status, kind, message } = failure;

  if (/insufficient_quota|billing_error/.test(kind) || status === 402 || /credit balance is too low/i.test(message)) {
    return raise(
      'model_misconfigured',
      `The account behind the key in ${choice.keyVariable} has no credit left at ${who}. Add credit or use another key.`,
      false,
    );
  }
  if (isContextOverflow(failure)) {
    return raise(
      'model_refused',
      `The conversation is longer than the model ${choice.modelId} can read. Start a new chat or send a shorter message.`,
      false,
    );
  }
  if (status === 401 || /authentication_error|invalid_api_key/.test(kind)) {
    const fix = 'Check that it is complete and still active, then save it again.';
    const subject =
      choice.apiKey === null
        ? `${capitalised(who)} asks for a key, and ${choice.keyVariable} is not set. Add it as a secret.`
        : `The key in ${choice.keyVariable} was refused by ${who}. ${fix}`;
    return raise('model_misconfigured', subject, false);
  }
  if (status === 403 || /permission_error/.test(kind)) {
    return raise(
      'model_misconfigured',
      `The key in ${choice.keyVariable} was refused by ${who} for the model ${choice.modelId}. ` +
        'Allow the model for this key, or use another key or model.',
      false,
    );
  }
  if (status === 404 || /model_not_found|not_found_error/.test(kind)) {
    const addressHint =
      choice.baseUrl === null ? '' : ` Also check the address ${originOf(choice)}, which often ends in /v1.`;
    return raise(
      'model_misconfigured',
      `The model "${choice.modelId}" was not found at ${who}. Pick another model for this workspace.${addressHint}`,
      false,
    );
  }
  if (status === 429 || /rate_limit/.test(kind)) {
    const wait = failure.retryAfterSeconds === null ? 'in a minute' : `in ${failure.retryAfterSeconds} s, as it asked`;
    return raise('model_unavailable', `${capitalised(who)} limits how often it may be asked. Try again ${wait}.`, true);
  }
  if (status === 529 || /overloaded/.test(kind)) {
    return raise('model_unavailable', `${capitalised(who)} is overloaded. Try again in a minute.`, true);
  }
  if ((status !== null && status >= 500) || /server_error|api_error/.test(kind)) {
    return raise('model_unavailable', `${capitalised(who)} failed to answer: ${detail}. Try again.`, true);
  }
  // A failure after a good status is one of the answer's body.
  if ((status !== null && status < 400) || /^terminated$|stream ended without/.test(message))
    return brokenAnswer(choice);
  if (failure.networkCode !== null) {
    return raise(
      'model_unavailable',
      `${capitalised(who)} could not be reached at ${originOf(choice)} (${failure.networkCode}). ` +
        'Check the address and the network, then try again.',
      true,
    );
  }
  if (status !== null && status >= 400) {
    return raise('model_refused', `${capitalised(who)} refused the request: ${detail}`, false);
  }
  return raise('internal', `The call to ${who} failed: ${detail}`, false);
}

/** The stream ended before the model said that it was finished. */
export function brokenAnswer(choice: ModelChoice): AdapterError {
  return new AdapterError(
    'model_unavailable',
    `The connection to ${PROVIDER_LABELS[choice.provider]} broke while the answer was being written. Send the message again.`,
    { retryable: true },
  );
}

/** Replaces the key, and anything that looks like one, in text that came from outside. */
export function redact(text: string, choice: Pick<ModelChoice, 'apiKey'>): string {
  const withoutKey = choice.apiKey === null ? text : text.replaceAll(choice.apiKey, '[key]');
  return withoutKey.replace(/\b(sk|key|pk)-[\w*.-]{6,}/g, '[key]').slice(0, 400);
}

function isContextOverflow({ status, kind, message }: Failure): boolean {
  if (status === 413 || /context_length_exceeded|request_too_large/.test(kind)) return true;
  return /prompt is too long|maximum context length|context (window|length|size)|input is too long/i.test(message);
}

function readFailure(error: unknown): Failure {
  if (RetryError.isInstance(error)) return readFailure(error.lastError);
  if (APICallError.isInstance(error)) {
    return {
      status: error.statusCode ?? null,
      kind: kindOf(error.data ?? error.responseBody),
      message: error.message,
      retryAfterSeconds: retryAfterOf(error.responseHeaders),
      networkCode: error.statusCode === undefined ? (networkCodeOf(error) ?? 'no connection') : null,
    };
  }
  // Errors that arrive inside a stream are plain objects or bare text.
  const status = isObject(error) && typeof error.statusCode === 'number' ? error.statusCode : null;
  const message =
    error instanceof Error || (isObject(error) && typeof error.message === 'string') ? error.message : error;
  return {
    status,
    kind: kindOf(error),
    message: typeof message === 'string' ? message : JSON.stringify(message),
    retryAfterSeconds: null,
    networkCode: networkCodeOf(error),
  };
}

/** Collects `type` and `code` of an error body, at the top or under `error`. */
function kindOf(value: unknown): string {
  const body = typeof value === 'string' ? parseJson(value) : value;
  if (!isObject(body)) return '';
  const inner = isObject(body.error) ? body.error : {};
  return [body.type, body.code, inner.type, inner.code].filter((part) => typeof part === 'string').join(' ');
}

function networkCodeOf(error: unknown): string | null {
  let current: unknown = error;
  // Causes may form a ring; real chains are short.
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    const code = 'code' in current ? current.code : undefined;
    if (typeof code === 'string' && /^(E[A-Z_]{3,}|UND_ERR_\w+|CERT_\w+)$/.test(code)) return code;
    current = current.cause;
  }
  return null;
}

function retryAfterOf(headers: Readonly<Record<string, string>> | undefined): number | null {
  const seconds = Number(headers?.['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : null;
}

function originOf(choice: ModelChoice): string {
  if (choice.baseUrl !== null) return new URL(choice.baseUrl).origin;
  return choice.provider === 'anthropic' ? 'https://api.anthropic.com' : 'https://api.openai.com';
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Proxies answer with HTML; then there is no kind to read.
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
