import { AppError } from '../../platform/http/app-error.js';
import { isOwnOrigin } from '../../platform/http/own-origin.js';
import { type RequestHeaders, readHeader } from './credentials.js';

export interface OriginRules {
  /** Configured URL of this server, besides the one a request names in Host. */
  readonly publicUrl: string | null;
  /** Origins of others whose pages may act with a person's session. */
  readonly trustedOrigins: readonly string[];
}

/**
 * A browser sends its cookies whoever wrote the page, so a request that rests on nothing else must come from a page of
 * ours (design §9). `absent` says what a request without an Origin is: browsers always send one with a write or a
 * socket, scripts send none. Throws `origin_not_allowed`.
 */
export function checkOrigin(rules: OriginRules, headers: RequestHeaders, absent: 'allowed' | 'refused'): void {
  const origin = readHeader(headers, 'origin');
  if (origin === null && absent === 'allowed') return;
  if (origin !== null && isOwnOrigin(origin, headers, rules.publicUrl)) return;
  if (origin === null || !rules.trustedOrigins.includes(origin.toLowerCase())) throw new AppError('origin_not_allowed');
}
