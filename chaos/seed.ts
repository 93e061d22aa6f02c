/** Chance that can be repeated: a failed run prints its seed, and `MOLECULE_CHAOS_SEED` plays it again. */
export interface Seed {
  readonly value: number;
  /** In [0, 1). */
  fraction(): number;
  /** From `min` to `max`, both included. */
  integer(min: number, max: number): number;
  pick<T>(items: readonly T[]): T;
}

export function createSeed(given = process.env.MOLECULE_CHAOS_SEED): Seed {
  const value = given === undefined || given === '' ? Math.trunc(Math.random() * 0xffff_ffff) : Number(given);
  if (!Number.isInteger(value)) throw new Error(`MOLECULE_CHAOS_SEED must be an integer, got "${String(given)}"`);
  let state = value >>> 0;
  // mulberry32: small, and good enough to scatter moments and choices.
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const integer = (min: number, max: number): number => min + Math.floor(fraction() * (max - min + 1));
  return {
    value,
    fraction,
    integer,
    pick(items) {
      const item = items[integer(0, items.length - 1)];
      if (item === undefined) throw new Error('cannot pick from an empty list');
      return item;
    },
  };
}
