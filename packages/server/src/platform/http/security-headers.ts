const STRICT_POLICY = "default-src 'self'";

/**
 * The canvas: scripts only from files of ours; inline styles are needed by the graph library, which positions nodes
 * with the style attribute. `connect-src 'self'` covers the live socket of the same origin in current browsers.
 */
const CANVAS_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ');

const COMMON = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // Same-origin navigation must still send its path (contract registry-a2a §1.6).
  'referrer-policy': 'strict-origin-when-cross-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
} as const;

const PAGES: ReadonlySet<string> = new Set(['/', '/app', '/docs', '/login']);

const API_HEADERS = { ...COMMON, 'content-security-policy': STRICT_POLICY } as const;
const PAGE_HEADERS = { ...COMMON, 'content-security-policy': CANVAS_POLICY } as const;

/** Headers of every answer, errors included (contract registry-a2a §1.6). Pages get the policy the canvas needs. */
export function securityHeaders(path: string): Readonly<Record<string, string>> {
  const page = PAGES.has(path) || path.startsWith('/app/') || path.startsWith('/login/');
  return page ? PAGE_HEADERS : API_HEADERS;
}
