import { hash, timingSafeEqual } from 'node:crypto';

export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** How credentials are stored and compared: never as themselves. */
export function hashCredential(text: string): Buffer {
  // By way of its text, half the price: a buffer that OpenSSL fills is memory outside the heap, each to be tracked and
  // freed, and every request that presents a credential makes one.
  return Buffer.from(hash('sha256', text, 'hex'), 'hex');
}

/** Equal lengths for any two texts, so neither content nor length shows in the time taken. */
export function equalsSecret(given: string, secret: string): boolean {
  return equalHashes(hashCredential(given), hashCredential(secret));
}

/** For a credential whose hash is needed anyway, and a secret whose hash is kept. */
export function equalHashes(given: Buffer, secret: Buffer): boolean {
  return timingSafeEqual(given, secret);
}

const SCHEME = 'Bearer ';

/**
 * The bearer of a request, null when there is none. Only the literal prefix counts (contract registry-a2a §2.1): another
 * scheme or another case is no bearer.
 */
export function readBearer(headers: RequestHeaders): string | null {
  const value = readHeader(headers, 'authorization');
  if (!value?.startsWith(SCHEME)) return null;
  return value.slice(SCHEME.length).trim() || null;
}

export function readHeader(headers: RequestHeaders, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** One cookie out of the header. Our ids are base64url, so nothing needs decoding. */
export function readCookie(headers: RequestHeaders, name: string): string | null {
  for (const part of (readHeader(headers, 'cookie') ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim() || null;
  }
  return null;
}
