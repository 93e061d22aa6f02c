import { ApiError, UnreachableError } from '@molecule/contract/client';

/** A failure in words a person can act on. */
export interface Problem {
  readonly title: string;
  readonly advice: string;
  /** Stable name for bug reports; null when the server gave none. */
  readonly code: string | null;
  /** The very same request may succeed later. */
  readonly retryable: boolean;
  /** Seconds the server asks to wait. */
  readonly retryAfterSeconds: number | null;
}

export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return refusalOf(error);
  if (error instanceof UnreachableError) {
    return {
      title: error.timedOut ? 'The server did not answer in time' : 'The server cannot be reached',
      advice: 'Check that it is running ("npm start") and that this browser is online, then retry.',
      code: 'unreachable',
      retryable: true,
      retryAfterSeconds: null,
    };
  }
  return {
    title: 'Something went wrong in the canvas',
    advice: error instanceof Error ? error.message : 'Reload the page and try again.',
    code: null,
    retryable: true,
    retryAfterSeconds: null,
  };
}

function refusalOf(error: ApiError): Problem {
  return {
    title: titleOf(error),
    advice: error.help ?? 'Retry; when it happens again, look at the log of the server.',
    code: error.code,
    retryable: error.retry,
    retryAfterSeconds: error.retryAfterSeconds,
  };
}

function titleOf(error: ApiError): string {
  switch (error.status) {
    case 401:
      return 'You are logged out';
    case 402:
      return 'The budget of this agent is used up';
    case 403:
      return error.code === 'origin_not_allowed' ? 'This page may not call the server' : 'Not allowed';
    case 413:
      return titles.get(error.code) ?? 'The message is too long';
    case 429:
      return error.code === 'loop_refused' ? 'Stopped by the loop breaker' : 'Too many requests';
    default:
      return titles.get(error.code) ?? sentence(error.message);
  }
}

/** Where the text of the contract speaks to programs, a person gets plainer words. */
const titles: ReadonlyMap<string, string> = new Map([
  ['agent_busy', 'The agent is busy'],
  ['agent_restarting', 'The agent is being started again'],
  ['agent_unreachable', 'The agent did not answer'],
  ['agent_timeout', 'The agent took too long'],
  ['agent_response_unreadable', 'The answer broke off'],
  ['workspace_has_no_url', 'The agent has not started yet'],
  ['workspace_paused', 'The agent is paused'],
  ['platform_unavailable', 'The server cannot reach its database'],
  ['org_template_expansion_failed', 'This team template has errors'],
  ['invalid_org_template', 'This team template has errors'],
  ['missing_required_env', 'Keys are missing'],
  ['bundle_too_large', 'The bundle is too large'],
  ['file_too_large', 'The file is too large'],
]);

/** Error texts of the contract start in lower case, because scripts compare them byte by byte. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
