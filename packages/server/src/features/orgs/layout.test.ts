import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childSlots, placeRoot, sizeOf, type Tree } from './layout.js';

const leaf: Tree = { children: [] };
const parentOf = (...children: Tree[]): Tree => ({ children });

describe('layout, contract §8.5', () => {
  it.each([
    ['a leaf', leaf, 240, 130],
    ['one child', parentOf(leaf), 272, 276],
    ['two children side by side', parentOf(leaf, leaf), 526, 276],
    ['three children in two rows', parentOf(leaf, leaf, leaf), 526, 420],
    ['a column is as wide as the widest child', parentOf(parentOf(leaf, leaf), leaf), 1098, 422],
  ])('%s', (_what, tree, width, height) => {
    expect(sizeOf(tree)).toEqual({ width, height });
  });

  it('children stand row by row, relative to their parent', () => {
    expect(childSlots([leaf, leaf, leaf])).toEqual([
      { x: 16, y: 130 },
      { x: 270, y: 130 },
      { x: 16, y: 274 },
    ]);
  });

  it('children of any tree neither overlap nor stick out of their parent', () => {
    const treeOf = (levels: number): fc.Arbitrary<Tree> =>
      levels === 0 ? fc.constant(leaf) : fc.record({ children: fc.array(treeOf(levels - 1), { maxLength: 4 }) });
    fc.assert(
      fc.property(treeOf(3), (root) => {
        const outer = sizeOf(root);
        const slots = childSlots(root.children);
        const boxes = root.children.map((child, index) => ({
          ...(slots[index] ?? { x: -1, y: -1 }),
          ...sizeOf(child),
        }));
        for (const [index, a] of boxes.entries()) {
          expect(a.x + a.width).toBeLessThanOrEqual(outer.width);
          expect(a.y + a.height).toBeLessThanOrEqual(outer.height);
          for (const b of boxes.slice(index + 1)) {
            const apart =
              a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
            expect(apart).toBe(true);
          }
        }
      }),
    );
  });

  it('a root takes the place its template names, and moves right of everything when that is taken', () => {
    const size = { width: 240, height: 130 };
    expect(placeRoot(size, { x: 500, y: 20 }, [])).toEqual({ x: 500, y: 20 });
    expect(placeRoot(size, null, [])).toEqual({ x: 0, y: 0 });
    expect(placeRoot(size, { x: 100, y: 40 }, [{ x: 0, y: 0, ...size }])).toEqual({ x: 320, y: 40 });
  });
});
