import { AppError } from '../../platform/http/app-error.js';
import { type RequestHeaders, readHeader } from './credentials.js';

export interface OriginRules {
  /** Configured URL of this server, besides the one a request names in Host. */
  readonly publicUrl: string | null;
  readonly corsOrigins: readonly string[];
}

/**
 * A browser sends its cookies whoever wrote the page, so a request that rests on nothing else must come from a page of
 * ours (design §9). `absent` says what a request without an Origin is: browsers always send one with a write or a
 * socket, scripts send none. Throws `origin_not_allowed`.
 */
export function checkOrigin(rules: OriginRules, headers: RequestHeaders, absent: 'allowed' | 'refused'): void {
  const origin = readHeader(headers, 'origin');
  if (origin === null && absent === 'allowed') return;
  if (origin === null || !accepted(rules, headers).includes(origin.toLowerCase())) {
    throw new AppError('origin_not_allowed');
  }
}

/** Behind a proxy that ends TLS the page is https while the server sees http, so both count (contract §1.2). */
function accepted({ publicUrl, corsOrigins }: OriginRules, headers: RequestHeaders): string[] {
  const host = readHeader(headers, 'host') ?? '';
  const own = host === '' ? [] : [`http://${host}`, `https://${host}`];
  const configured = publicUrl === null ? [] : [new URL(publicUrl).origin];
  return [...own, ...configured, ...corsOrigins].map((origin) => origin.toLowerCase());
}
