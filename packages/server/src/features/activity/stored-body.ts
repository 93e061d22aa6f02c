import { toStorableJson } from '../../platform/storable-json.js';

/** Per stored body; what is forwarded is never cut (contract registry-a2a §19.4, §19.6). */
const STORED_BODY_BYTES_MAX = 256 * 1024;
const KEPT_CHARACTERS = 4_096;

export interface StoredBody {
  readonly json: string;
  readonly bytes: number;
}

/**
 * A body as the log keeps it: JSON that Postgres accepts, and a marker with its beginning when it is too large. Readers
 * know the marker by `truncated: true`.
 */
export function toStoredBody(value: unknown): StoredBody {
  return capBody(toStorableJson(value));
}

/** The same for text that is storable JSON already. */
export function capBody(json: string): StoredBody {
  const bytes = Buffer.byteLength(json);
  if (bytes <= STORED_BODY_BYTES_MAX) return { json, bytes };
  const marker = toStorableJson({ truncated: true, bytes, preview: firstCharacters(json, KEPT_CHARACTERS) });
  return { json: marker, bytes: Buffer.byteLength(marker) };
}

/** The first `count` code points: never half of a surrogate pair (B-77). */
export function firstCharacters(text: string, count: number): string {
  if (text.length <= count) return text;
  // Twice as many code units hold at least as many code points; spreading all of a large text would be slow.
  const points = [...text.slice(0, count * 2)];
  return points.length <= count ? points.join('') : points.slice(0, count).join('');
}
