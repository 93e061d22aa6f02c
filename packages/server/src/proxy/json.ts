import { isTooDeep } from '../platform/json-depth.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined when the text is not JSON, or too deep to be written again: every caller has a meaning for that. */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) return undefined;
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
