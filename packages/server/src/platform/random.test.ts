import { describe, expect, it } from 'vitest';
import { createRandom } from './random.js';

describe('random', () => {
  const random = createRandom();

  it('makes version 4 ids whose prefixes differ', () => {
    const ids = Array.from({ length: 200 }, () => random.uuid());
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids.map((id) => id.slice(0, 8))).size).toBe(200);
  });

  it('makes version 7 ids that sort by creation', () => {
    const ids = Array.from({ length: 200 }, () => random.uuidv7());
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
    expect([...ids].sort()).toEqual(ids);
  });

  it('makes tokens of the asked strength that are safe in URLs and headers', () => {
    expect(random.token(32)).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(random.token(32)).not.toBe(random.token(32));
  });

  it('makes fractions in [0, 1)', () => {
    for (let i = 0; i < 100; i += 1) {
      const fraction = random.fraction();
      expect(fraction).toBeGreaterThanOrEqual(0);
      expect(fraction).toBeLessThan(1);
    }
  });
});
