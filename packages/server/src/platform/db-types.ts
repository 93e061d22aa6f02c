import pg from 'pg';

type TypeId = Parameters<typeof pg.types.getTypeParser>[0];

const INT8: number = 20;
// The declarations list the scalar types only; the parser of this array type exists and yields strings.
const INT8_ARRAY = 1016 as TypeId;

/**
 * How values come out of Postgres: `bigint` as a number, `timestamptz` as a Date, `json` and `jsonb` parsed.
 * A bigint beyond 2^53 throws instead of losing its last digits; nothing we store comes near.
 */
export function createTypeParsers(): pg.CustomTypesConfig {
  const parseArray: (text: string) => (string | null)[] = pg.types.getTypeParser(INT8_ARRAY, 'text');
  return {
    getTypeParser: (oid, format) => {
      if (format !== 'binary' && oid === INT8) return parseInt8;
      if (format !== 'binary' && oid === INT8_ARRAY) {
        return (text: string) => parseArray(text).map((item) => (item === null ? null : parseInt8(item)));
      }
      return pg.types.getTypeParser(oid, format ?? 'text');
    },
  };
}

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`cannot read bigint ${text}: it does not fit a JavaScript number without loss`);
  }
  return value;
}
