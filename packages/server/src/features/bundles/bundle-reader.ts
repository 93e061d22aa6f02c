/** A mistake in a bundle. `path` names the workspace from the root down. */
export interface BundleProblem {
  readonly path: string;
  readonly reason: string;
}

type Mapping = Readonly<Record<string, unknown>>;

/** Reads the fields of one workspace of a bundle. A wrong type is a problem, and the field counts as absent. */
export interface BundleReader {
  problem(reason: string): void;
  /** "" when absent or null. */
  text(key: string): string;
  /** Null when absent or null. */
  integer(key: string): number | null;
  list(key: string): readonly unknown[];
  /** Texts by name. */
  texts(key: string): ReadonlyMap<string, string>;
}

export function createBundleReader(node: Mapping, path: string, problems: BundleProblem[]): BundleReader {
  const problem = (reason: string): void => {
    problems.push({ path, reason });
  };

  function read<T>(key: string, expected: string, absent: T, isOne: (value: unknown) => value is T): T {
    const value = Object.hasOwn(node, key) ? node[key] : undefined;
    if (value === undefined || value === null) return absent;
    if (isOne(value)) return value;
    problem(`${key} must be ${expected}`);
    return absent;
  }

  return {
    problem,
    text: (key) => read(key, 'a text', '', (value) => typeof value === 'string'),
    integer: (key) =>
      read<number | null>(
        key,
        'a whole number',
        null,
        (value): value is number => Number.isInteger(value) && Math.abs(Number(value)) <= INTEGER_MAX,
      ),
    list: (key) => read<readonly unknown[]>(key, 'a list', [], (value): value is unknown[] => Array.isArray(value)),
    texts(key) {
      const files = read<Mapping>(key, 'a mapping of paths to texts', {}, isMapping);
      const wrong = Object.entries(files).find(([, content]) => typeof content !== 'string');
      if (wrong !== undefined) problem(`${key}: ${shown(wrong[0])} must be a text`);
      return new Map(Object.entries(files).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])));
    },
  };
}

const INTEGER_MAX = 2 ** 31 - 1;
const SHOWN_MAX = 120;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A name from outside, for a sentence: bounded and on one line. */
export function shown(name: string): string {
  return JSON.stringify(name.length > SHOWN_MAX ? `${name.slice(0, SHOWN_MAX)}…` : name);
}
