/**
 * `value` as JSON text that a `jsonb` column accepts. Postgres refuses NUL characters and halves of surrogate pairs,
 * which may come in from any client; they become U+FFFD, the replacement character, instead of failing the write.
 */
export function toStorableJson(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  // Nearly always, and many times faster than looking for what there is not.
  if (!text.includes('\\')) return text;
  // JSON.stringify writes both as \u escapes and nothing else that looks like them, escaped backslashes apart.
  return text.replace(/\\(?:\\|u0000|ud[89a-f][0-9a-f]{2})/g, (match) => (match === '\\\\' ? match : '\\ufffd'));
}

/** `text` without the characters that a `text` column refuses; same replacement. */
export function toStorableText(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}
