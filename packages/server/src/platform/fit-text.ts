/**
 * Texts that go into an event, which is limited in bytes of its JSON: one character may take up to six of them. Both
 * cut between characters, mark the cut with `…`, and count it.
 */

const MARK = '…';

/** `text`, or as much of its beginning as takes at most `bytesMax` bytes as JSON. */
export function fitBeginning(text: string, bytesMax: number): string {
  // Every UTF-16 unit takes at least one byte, so what lies beyond is never kept.
  const kept = countFitting(text.slice(0, bytesMax + 1), bytesMax);
  return kept === null ? text : text.slice(0, kept) + MARK;
}

/** `text`, or as much of its end as takes at most `bytesMax` bytes as JSON. */
export function fitEnd(text: string, bytesMax: number): string {
  const kept = countFitting([...text.slice(-bytesMax - 1)].reverse(), bytesMax);
  return kept === null ? text : MARK + text.slice(text.length - kept);
}

/** How many UTF-16 units of the characters fit beside a mark; null when all of them fit without one. */
function countFitting(characters: Iterable<string>, bytesMax: number): number | null {
  let bytes = 0;
  let units = 0;
  let unitsBesideMark = 0;
  for (const character of characters) {
    bytes += Buffer.byteLength(JSON.stringify(character)) - 2;
    if (bytes > bytesMax) return unitsBesideMark;
    units += character.length;
    if (bytes + Buffer.byteLength(MARK) <= bytesMax) unitsBesideMark = units;
  }
  return null;
}
