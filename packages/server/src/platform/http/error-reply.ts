import { type ErrorCode, errorSpec, type RouteSpec } from '@molecule/contract';
import { isCollision, PlatformUnavailableError } from '../errors.js';
import { AppError } from './app-error.js';
import { failedStepText } from './failing-with.js';

export interface ErrorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** True when it is a defect of ours and belongs in the log with its stack. */
  readonly bug: boolean;
}

/** Turns whatever was thrown into the one error shape (design §4.1). Nothing internal leaks: bugs show only an id. */
export function toErrorReply(error: unknown, spec: RouteSpec | undefined, requestId: string): ErrorReply {
  if (error instanceof AppError) {
    return reply(error.code, error.message, error.help, error.fields, error.headers);
  }
  if (error instanceof PlatformUnavailableError) {
    const seconds = String(error.retryAfterSeconds);
    return plain('platform_unavailable', { 'retry-after': seconds });
  }
  if (isCollision(error)) {
    const { text } = errorSpec('platform_unavailable');
    const help = 'It came across another change of the same things and was undone; retry.';
    return reply('platform_unavailable', text, help, {}, {});
  }
  const known = fromFramework(error, spec);
  if (known) return plain(known, {});
  const internal = errorSpec('internal');
  return {
    status: internal.status,
    headers: {},
    body: {
      error: failedStepText(error) ?? spec?.failedText ?? internal.text,
      code: 'internal',
      retry: internal.retry,
      help: internal.help,
      request_id: requestId,
    },
    bug: true,
  };
}

function plain(code: ErrorCode, headers: Readonly<Record<string, string>>): ErrorReply {
  const spec = errorSpec(code);
  return reply(code, spec.text, spec.help, {}, headers);
}

function reply(
  code: ErrorCode,
  text: string,
  help: string,
  fields: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>>,
): ErrorReply {
  const spec = errorSpec(code);
  const known = code === 'platform_unavailable' ? { 'retry-after': '1', ...headers } : headers;
  return {
    status: spec.status,
    headers: known,
    body: { error: text, code, retry: spec.retry, help, ...fields },
    bug: false,
  };
}

/** The framework's own refusals, by its error codes. */
function fromFramework(error: unknown, spec: RouteSpec | undefined): ErrorCode | null {
  const { code, statusCode } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    statusCode?: unknown;
  };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return spec?.tooLarge ?? 'body_too_large';
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return 'unsupported_media_type';
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return spec?.invalidBody ?? 'invalid_request_body';
  }
  return null;
}
