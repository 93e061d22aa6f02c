const LENGTH_MAX = 1_024;
const NAME_BYTES_MAX = 255;
const DEPTH_MAX = 16;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
const UNUSABLE = /[\\\u0000-\u001f\u007f-\u009f]|\p{Cs}/u;

/**
 * Null when a file of a bundle may lie at this path below the configuration folder of an agent, otherwise why not. Hidden
 * names are the platform's and the agent's own: its token is one of them.
 */
export function judgePath(path: string): string | null {
  if (path === '' || path.length > LENGTH_MAX || UNUSABLE.test(path)) return 'is not a usable path';
  const names = path.split('/');
  if (names.length > DEPTH_MAX) return `lies more than ${DEPTH_MAX} folders deep`;
  if (names.some((name) => name === '' || name === '..' || name === '.')) return 'leads outside its folder';
  if (names.some((name) => name.startsWith('.'))) return 'is hidden';
  if (names.some((name) => Buffer.byteLength(name) > NAME_BYTES_MAX)) return 'has a name that is too long';
  return null;
}

/** What an agent remembers: no part of a bundle, whoever wrote it (contract lifecycle §9.3). */
export function isMemory(path: string): boolean {
  return /^(memory|user)\.md$/i.test(path);
}

/** As file systems that ignore case or composition see a path. */
export function toComparable(path: string): string {
  return path.normalize('NFKC').toLowerCase();
}
