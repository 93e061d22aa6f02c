export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined when the text is not JSON: every caller has a meaning for that. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function textOf(object: unknown, key: string): string | null {
  if (!isJsonObject(object)) return null;
  const value = object[key];
  return typeof value === 'string' && value !== '' ? value : null;
}
