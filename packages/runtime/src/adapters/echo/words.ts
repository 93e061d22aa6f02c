/** Cuts a text into words that join back to exactly the text. */
export function toWords(text: string): readonly string[] {
  return text.match(/\s*\S+\s*$|\s*\S+/g) ?? (text === '' ? [] : [text]);
}

/** The first `max` characters as a person counts them: never half of a surrogate pair. */
export function firstCharacters(text: string, max: number): string {
  if (text.length <= max) return text;
  return Array.from(text).slice(0, max).join('');
}

/** The text on one line, for a quoted list. */
export function onOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
