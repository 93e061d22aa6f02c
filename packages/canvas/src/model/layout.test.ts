import { describe, expect, it } from 'vitest';
import type { LayoutNode } from './layout.js';
import { absoluteBoxes, gridSlots, HEADER, PADDING, placeFleet, settlePosition, tidyPositions } from './layout.js';

const node = (id: string, parentId: string | null = null, at: Partial<LayoutNode> = {}): LayoutNode => ({
  id,
  parentId,
  x: 0,
  y: 0,
  collapsed: false,
  ...at,
});
const byId = (placed: ReturnType<typeof placeFleet>) => new Map(placed.map((one) => [one.id, one]));

describe('gridSlots', () => {
  it('uses the slots and the parent size of the server importer', () => {
    const leaf = { w: 240, h: 130 };
    expect(gridSlots([leaf, leaf, leaf])).toEqual({
      slots: [
        { x: 16, y: 130 },
        { x: 270, y: 130 },
        { x: 16, y: 274 },
      ],
      size: { w: 526, h: 420 },
    });
  });

  it('is one column wide for one child', () => {
    expect(gridSlots([{ w: 240, h: 130 }]).size).toEqual({ w: 272, h: 276 });
  });
});

describe('placeFleet', () => {
  it('lists parents before their children', () => {
    const ids = placeFleet([node('leaf', 'lead'), node('lead')]).map((one) => one.id);
    expect(ids).toEqual(['lead', 'leaf']);
  });

  it('grows a parent to hold a child that was dragged outwards', () => {
    const placed = byId(placeFleet([node('lead'), node('leaf', 'lead', { x: 600, y: 400 })]));
    expect(placed.get('lead')).toMatchObject({ w: 600 + 240 + 16, h: 400 + 130 + 16 });
  });

  it('hides everything below a collapsed card and shrinks it to a leaf', () => {
    const placed = byId(placeFleet([node('a', null, { collapsed: true }), node('b', 'a'), node('c', 'b')]));
    expect(placed.get('a')).toMatchObject({ w: 240, h: 130, hidden: false });
    expect([placed.get('b')?.hidden, placed.get('c')?.hidden]).toEqual([true, true]);
  });

  it('never lays an unplaced root over a placed one', () => {
    const placed = byId(placeFleet([node('old', null, { x: 40, y: 40 }), node('young')]));
    expect(placed.get('young')?.y).toBeGreaterThanOrEqual(40 + 130);
  });

  it('treats a parent that is not listed as none', () => {
    expect(placeFleet([node('orphan', 'gone')])[0]).toMatchObject({ parentId: null, depth: 0 });
  });
});

describe('settlePosition', () => {
  it('keeps a child below the header of its parent', () => {
    expect(settlePosition({ x: -50, y: 3 }, true)).toEqual({ x: PADDING, y: HEADER });
  });

  it('never yields the mark of an unplaced card', () => {
    expect(settlePosition({ x: 0.2, y: -0.3 }, false)).toEqual({ x: 1, y: 0 });
  });
});

it('tidying twice moves nothing the second time', () => {
  const nodes = [node('a'), node('b', 'a', { x: 500, y: 700 }), node('c', 'a'), node('d', null, { x: 9, y: 9 })];
  const moves = tidyPositions(nodes);
  const tidied = nodes.map((one) => ({ ...one, ...moves.get(one.id) }));
  expect(moves.size).toBeGreaterThan(0);
  expect(tidyPositions(tidied).size).toBe(0);
});

it('absolute boxes add up the positions of all ancestors', () => {
  const placed = placeFleet([
    node('a', null, { x: 100, y: 50 }),
    node('b', 'a', { x: 20, y: 140 }),
    node('c', 'b', { x: 16, y: 130 }),
  ]);
  expect(absoluteBoxes(placed).get('c')).toMatchObject({ x: 136, y: 320 });
});
