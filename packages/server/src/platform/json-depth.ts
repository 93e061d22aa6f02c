/**
 * How deep JSON from outside may be nested. Reading it is no problem at any depth, but writing it again and Postgres' own
 * reader both recurse: beyond some thousands of levels each would fail somewhere in the middle of the work.
 */
const DEPTH_MAX = 500;

/** True for JSON text that is nested deeper than this server handles. Never throws, whatever the text. */
export function isTooDeep(text: string): boolean {
  // Each level takes a character to open and one to close. Most bodies are shorter than that and need no look.
  if (text.length < DEPTH_MAX * 2) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (inString) {
      if (char === BACKSLASH) at += 1;
      else if (char === QUOTE) inString = false;
      continue;
    }
    if (char === QUOTE) inString = true;
    else if (char === OPEN_LIST || char === OPEN_OBJECT) {
      depth += 1;
      if (depth > DEPTH_MAX) return true;
    } else if (char === CLOSE_LIST || char === CLOSE_OBJECT) depth -= 1;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
