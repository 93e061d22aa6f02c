const PATH_BYTES_MAX = 1024;
const NAME_BYTES_MAX = 255;
const DEPTH_MAX = 32;

/** The folders of an agent that the files API shows (contract lifecycle §6.1); only `/configs` can be written. */
export const FILE_ROOTS = ['/configs', '/workspace', '/home', '/plugins'] as const;
export type FileRoot = (typeof FILE_ROOTS)[number];

/**
 * A path of the files API in its one cleaned form (`a//./b` is `a/b`), or null when it is refused: empty, `.`, absolute,
 * with `..` anywhere in it, or with what no file name here may hold (contract lifecycle §6.1). Nothing is read, so what it
 * names need not exist.
 */
export function cleanFilePath(raw: string): string | null {
  if (raw.startsWith('/') || raw.includes('..') || /[\0\\]/.test(raw) || !isWellFormed(raw)) return null;
  const names = raw.split('/').filter((name) => name !== '' && name !== '.');
  if (names.length === 0 || names.length > DEPTH_MAX) return null;
  const path = names.join('/');
  if (bytesOf(path) > PATH_BYTES_MAX || names.some((name) => bytesOf(name) > NAME_BYTES_MAX)) return null;
  return path;
}

/** Half a surrogate pair has no bytes of its own: two such names would become one file. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Length in UTF-8, without needing an encoder. */
function bytesOf(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
