import type { Node } from '@xyflow/react';
import type { PlacedNode } from '../../model/layout.js';

/** The node carries no data of the agent: its card reads that by id. */
export type AgentNode = Node<Record<string, never>, 'agent'>;

const noData: Record<string, never> = {};

/**
 * Brings React Flow's nodes in line with the layout. A node nothing happened to keeps its identity, and one that is
 * being dragged keeps its place: an event must not pull a card out of somebody's hand.
 */
export function reconcileNodes(
  before: readonly AgentNode[],
  placed: readonly PlacedNode[],
  selectedId: string | null,
): AgentNode[] {
  const known = new Map(before.map((node) => [node.id, node]));
  const nodes = placed.filter((one) => !one.hidden).map((one) => nodeOf(one, known.get(one.id), one.id === selectedId));
  const same = nodes.length === before.length && nodes.every((node, index) => node === before[index]);
  return same ? (before as AgentNode[]) : nodes;
}

function nodeOf(placed: PlacedNode, known: AgentNode | undefined, selected: boolean): AgentNode {
  const position = known?.dragging ? known.position : { x: placed.x, y: placed.y };
  const unchanged =
    known !== undefined &&
    known.position.x === position.x &&
    known.position.y === position.y &&
    known.width === placed.w &&
    known.height === placed.h &&
    (known.parentId ?? null) === placed.parentId &&
    known.selected === selected;
  if (unchanged) return known;
  return {
    ...known,
    id: placed.id,
    type: 'agent',
    data: noData,
    position,
    width: placed.w,
    height: placed.h,
    selected,
    zIndex: placed.depth,
    ...(placed.parentId === null ? { parentId: undefined } : { parentId: placed.parentId }),
  } as AgentNode;
}
