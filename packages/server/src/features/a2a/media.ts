/** What a request may be sent as, and what its answer may be read as. */

const JSON_TYPES = ['application/json', 'application/a2a+json'];

/** True for a body in one of the protocol's media types; without a body there is nothing to judge. */
export function isJsonBody(contentType: string | null, hasBody: boolean): boolean {
  if (contentType === null) return !hasBody;
  return JSON_TYPES.includes(typeOf(contentType));
}

/** True when a client that sends this `Accept` can read an answer of one of the types. */
export function accepts(accept: string | null, types: readonly string[]): boolean {
  if (accept === null || accept.trim() === '') return true;
  return accept.split(',').some((range) => {
    if (/;\s*q=0(\.0*)?\s*(;|$)/i.test(range)) return false;
    const wanted = typeOf(range);
    return wanted === '*/*' || types.some((type) => wanted === type || wanted === `${type.split('/', 1)[0]}/*`);
  });
}

export const SINGLE_TYPES: readonly string[] = JSON_TYPES;
export const STREAM_TYPES: readonly string[] = ['text/event-stream'];

function typeOf(header: string): string {
  return (header.split(';', 1)[0] ?? '').trim().toLowerCase();
}
