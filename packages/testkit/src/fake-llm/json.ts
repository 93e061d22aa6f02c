/** Readers for request bodies: the fake refuses what it cannot read instead of guessing. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The body has not the shape of the API; answered as the API answers a malformed request. */
export class MalformedRequest extends Error {
  override readonly name = 'MalformedRequest';
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectAt(value: unknown, where: string): JsonObject {
  if (!isObject(value)) throw new MalformedRequest(`${where}: expected an object`);
  return value;
}

export function listAt(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedRequest(`${where}: expected a list`);
  return value;
}

export function textAt(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new MalformedRequest(`${where}: expected a string`);
  return value;
}

/** Joins the text of a string or of a list of parts whose type is among `types`. */
export function textOfParts(value: unknown, types: readonly string[], where: string): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  return listAt(value, where)
    .map((part, index) => objectAt(part, `${where}[${index}]`))
    .filter((part) => types.includes(String(part.type)))
    .map((part, index) => textAt(part.text, `${where}[${index}].text`))
    .join('\n');
}

export function parseArguments(text: string, where: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    throw new MalformedRequest(`${where}: arguments are not JSON`);
  }
}
