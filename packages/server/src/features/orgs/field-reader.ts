import { faultAt, type Located, type OrgFault, type Place } from './located.js';

type LocatedMap = Extract<Located, { kind: 'map' }>;

/** Reads the fields of one mapping. A wrong type is a fault with its place, and the field counts as absent. */
export interface FieldReader {
  readonly place: Place;
  placeOf(key: string): Place;
  fault(key: string, reason: string): void;
  /** Null when absent, null or empty. A number is taken as the text a person wrote. */
  text(key: string): string | null;
  integer(key: string): number | null;
  number(key: string): number | null;
  /** `otherwise` when absent; false unless told. */
  flag(key: string, otherwise?: boolean): boolean;
  /** Empty when absent. */
  texts(key: string): readonly string[];
  list(key: string): readonly Located[];
  map(key: string): LocatedMap | null;
}

/** `subject` begins every reason, so that a fault makes sense without its line. */
export function createFieldReader(map: LocatedMap, subject: string, faults: OrgFault[]): FieldReader {
  const placeOf = (key: string): Place => map.entries.get(key)?.place ?? map.place;
  const fault = (key: string, reason: string): void => {
    faults.push(faultAt(placeOf(key), `${subject}: ${reason}`));
  };

  function scalar<T>(key: string, expected: string, read: (value: unknown) => T | null): T | null {
    const located = map.entries.get(key);
    if (located === undefined) return null;
    if (located.kind === 'scalar') {
      if (located.value === null) return null;
      const value = read(located.value);
      if (value !== null) return value;
    }
    fault(key, `${key} must be ${expected}`);
    return null;
  }

  function list(key: string): readonly Located[] {
    const located = map.entries.get(key);
    if (located === undefined || (located.kind === 'scalar' && located.value === null)) return [];
    if (located.kind === 'list') return located.items;
    fault(key, `${key} must be a list`);
    return [];
  }

  return {
    place: map.place,
    placeOf,
    fault,
    text(key) {
      const text = scalar(key, 'a text', (value) =>
        typeof value === 'string' || typeof value === 'number' ? String(value) : null,
      );
      return text === '' ? null : text;
    },
    integer: (key) =>
      scalar(key, 'a whole number', (value) =>
        typeof value === 'number' && Number.isSafeInteger(value) ? value : null,
      ),
    number: (key) =>
      scalar(key, 'a number', (value) => (typeof value === 'number' && Number.isFinite(value) ? value : null)),
    flag: (key, otherwise = false) =>
      scalar(key, 'true or false', (value) => (typeof value === 'boolean' ? value : null)) ?? otherwise,
    texts(key) {
      const items = list(key);
      const texts = items.flatMap((item) =>
        item.kind === 'scalar' && (typeof item.value === 'string' || typeof item.value === 'number')
          ? [String(item.value)]
          : [],
      );
      if (texts.length < items.length) fault(key, `${key} must be a list of texts`);
      return texts;
    },
    list,
    map(key) {
      const located = map.entries.get(key);
      if (located === undefined || (located.kind === 'scalar' && located.value === null)) return null;
      if (located.kind === 'map') return located;
      fault(key, `${key} must be a mapping`);
      return null;
    },
  };
}
