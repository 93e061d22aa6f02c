import { RefusedError } from './command.js';

interface Listed {
  readonly id: string;
  /** Tokens are shown by their first characters as well. */
  readonly prefix?: string;
}

/** Shorter beginnings would let a typing error end what somebody uses. */
const BEGINNING_MIN = 8;

/**
 * The one that a person means by its id, by the first characters of its id, or by the prefix it is listed under. Throws a
 * RefusedError when it is none or several.
 */
export function findListed<T extends Listed>(all: readonly T[], wanted: string, what: string, listedBy: string): T {
  const exact = all.filter(({ id, prefix }) => id === wanted || prefix === wanted);
  const similar = wanted.length >= BEGINNING_MIN ? all.filter(({ id }) => id.startsWith(wanted.toLowerCase())) : [];
  const found = exact.length > 0 ? exact : similar;
  const [only] = found;
  if (only && found.length === 1) return only;
  if (only) {
    throw new RefusedError(`"${wanted}" names ${found.length} ${what}s`, {
      help: `Use one of these ids:\n${found.map(({ id }) => `  ${id}`).join('\n')}`,
      fields: { candidates: found.map(({ id }) => id) },
    });
  }
  throw new RefusedError(`there is no ${what} "${wanted}"`, { help: `"${listedBy}" lists them.` });
}
