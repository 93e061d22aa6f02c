import { describe, expect, it } from 'vitest';
import { placeFleet } from '../../model/layout.js';
import { reconcileNodes } from './flow-nodes.js';

const placed = placeFleet([
  { id: 'lead', parentId: null, x: 10, y: 10, collapsed: false },
  { id: 'leaf', parentId: 'lead', x: 16, y: 130, collapsed: false },
]);
const nodes = reconcileNodes([], placed, null);

describe('reconcileNodes', () => {
  it('nests children by their parent', () => {
    expect(nodes.map((node) => [node.id, node.parentId])).toEqual([
      ['lead', undefined],
      ['leaf', 'lead'],
    ]);
  });

  it('returns the very same nodes when nothing moved', () => {
    expect(reconcileNodes(nodes, placed, null)).toBe(nodes);
  });

  it('selecting a card replaces that node only', () => {
    const selected = reconcileNodes(nodes, placed, 'leaf');
    expect([selected[0] === nodes[0], selected[1]?.selected]).toEqual([true, true]);
  });

  it('never moves a card that somebody is dragging', () => {
    const dragging = nodes.map((node) =>
      node.id === 'leaf' ? { ...node, dragging: true, position: { x: 300, y: 300 } } : node,
    );
    expect(reconcileNodes(dragging, placed, null)[1]?.position).toEqual({ x: 300, y: 300 });
  });

  it('leaves out what a collapsed card hides', () => {
    const collapsed = placeFleet([
      { id: 'lead', parentId: null, x: 10, y: 10, collapsed: true },
      { id: 'leaf', parentId: 'lead', x: 16, y: 130, collapsed: false },
    ]);
    expect(reconcileNodes(nodes, collapsed, null).map((node) => node.id)).toEqual(['lead']);
  });
});
