/**
 * Where every card lies. Positions are relative to the parent card, so moving a team never moves its members inside
 * it. The constants are those of the server's importer (contract lifecycle §8.5) and must stay equal to them.
 */
export const CARD_WIDTH = 240;
export const CARD_HEIGHT = 130;
const GUTTER = 14;
export const PADDING = 16;
/** The part of a parent card above its children: its own content. */
export const HEADER = 130;
const COLUMNS = 2;

const ROOT_GAP = 48;
const ROW_WIDTH_MIN = 1400;
/** Width to height of the whole, near that of a screen. */
const ASPECT = 1.6;

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly w: number;
  readonly h: number;
}

export type Box = Point & Size;

export interface LayoutNode {
  readonly id: string;
  readonly parentId: string | null;
  /** Relative to the parent. (0,0) means that nobody has placed the card yet. */
  readonly x: number;
  readonly y: number;
  readonly collapsed: boolean;
}

export interface PlacedNode extends Box {
  readonly id: string;
  readonly parentId: string | null;
  readonly depth: number;
  readonly isParent: boolean;
  /** Inside a collapsed card: not drawn. */
  readonly hidden: boolean;
}

const isPlaced = (node: Point) => node.x !== 0 || node.y !== 0;

/** Left-to-right slots in two columns; a row is as tall as its tallest card, a column as wide as its widest. */
export function gridSlots(sizes: readonly Size[]): { slots: Point[]; size: Size } {
  const columns = Math.min(COLUMNS, sizes.length);
  const columnWidth = sizes.reduce((widest, size) => Math.max(widest, size.w), 0);
  const slots: Point[] = [];
  let y = HEADER;
  for (let start = 0; start < sizes.length; start += COLUMNS) {
    const row = sizes.slice(start, start + COLUMNS);
    row.forEach((_, column) => {
      slots.push({ x: PADDING + column * (columnWidth + GUTTER), y });
    });
    y += Math.max(...row.map((size) => size.h)) + GUTTER;
  }
  if (sizes.length === 0) return { slots, size: { w: CARD_WIDTH, h: CARD_HEIGHT } };
  return {
    slots,
    size: { w: 2 * PADDING + columns * columnWidth + (columns - 1) * GUTTER, h: y - GUTTER + PADDING },
  };
}

/** Rows of roots from left to right, wrapped so that the whole has about the shape of a screen. */
function shelfSlots(sizes: readonly Size[], top = 0): Point[] {
  const area = sizes.reduce((sum, size) => sum + (size.w + ROOT_GAP) * (size.h + ROOT_GAP), 0);
  const rowWidth = Math.max(ROW_WIDTH_MIN, Math.sqrt(area * ASPECT));
  let x = 0;
  let y = top;
  let rowHeight = 0;
  return sizes.map((size) => {
    if (x > 0 && x + size.w > rowWidth) {
      x = 0;
      y += rowHeight + ROOT_GAP;
      rowHeight = 0;
    }
    const slot = { x, y };
    x += size.w + ROOT_GAP;
    rowHeight = Math.max(rowHeight, size.h);
    return slot;
  });
}

/**
 * Places a whole fleet, parents before children as React Flow needs them. Children without a saved position take
 * the grid; a parent is always large enough for its children. A parent id that is not in the list counts as none.
 */
export function placeFleet(nodes: readonly LayoutNode[]): PlacedNode[] {
  const known = new Set(nodes.map((node) => node.id));
  const childrenOf = new Map<string | null, LayoutNode[]>();
  for (const node of nodes) {
    const parent = node.parentId !== null && known.has(node.parentId) ? node.parentId : null;
    const siblings = childrenOf.get(parent);
    if (siblings) siblings.push(node);
    else childrenOf.set(parent, [node]);
  }

  const sizes = new Map<string, Size>();
  const positions = new Map<string, Point>();

  const measure = (node: LayoutNode): Size => {
    const children = childrenOf.get(node.id) ?? [];
    const childSizes = children.map(measure);
    const grid = gridSlots(childSizes);
    let w = CARD_WIDTH;
    let h = CARD_HEIGHT;
    children.forEach((child, index) => {
      const size = childSizes[index] ?? { w: CARD_WIDTH, h: CARD_HEIGHT };
      const at = isPlaced(child) ? child : (grid.slots[index] ?? { x: PADDING, y: HEADER });
      positions.set(child.id, { x: at.x, y: at.y });
      w = Math.max(w, at.x + size.w + PADDING);
      h = Math.max(h, at.y + size.h + PADDING);
    });
    const size = node.collapsed ? { w: CARD_WIDTH, h: CARD_HEIGHT } : { w, h };
    sizes.set(node.id, size);
    return size;
  };

  const roots = childrenOf.get(null) ?? [];
  const rootSizes = new Map(roots.map((root) => [root.id, measure(root)]));
  const placedRoots = roots.filter(isPlaced);
  const bottom = placedRoots.reduce((low, root) => Math.max(low, root.y + (rootSizes.get(root.id)?.h ?? 0)), 0);
  const looseRoots = roots.filter((root) => !isPlaced(root));
  const shelf = shelfSlots(
    looseRoots.map((root) => rootSizes.get(root.id) ?? { w: CARD_WIDTH, h: CARD_HEIGHT }),
    placedRoots.length > 0 ? bottom + ROOT_GAP : 0,
  );
  for (const root of placedRoots) positions.set(root.id, { x: root.x, y: root.y });
  looseRoots.forEach((root, index) => {
    positions.set(root.id, shelf[index] ?? { x: 0, y: 0 });
  });

  const placed: PlacedNode[] = [];
  const visit = (node: LayoutNode, parentId: string | null, depth: number, hidden: boolean) => {
    const children = childrenOf.get(node.id) ?? [];
    const at = positions.get(node.id) ?? { x: 0, y: 0 };
    const size = sizes.get(node.id) ?? { w: CARD_WIDTH, h: CARD_HEIGHT };
    placed.push({ id: node.id, parentId, depth, isParent: children.length > 0, hidden, x: at.x, y: at.y, ...size });
    for (const child of children) visit(child, node.id, depth + 1, hidden || node.collapsed);
  };
  for (const root of roots) visit(root, null, 0, false);
  return placed;
}

/** Keeps a child inside its parent: below the header and right of the padding. Roots may lie anywhere. */
export function settlePosition(at: Point, isChild: boolean): Point {
  const x = Math.round(isChild ? Math.max(PADDING, at.x) : at.x);
  const y = Math.round(isChild ? Math.max(HEADER, at.y) : at.y);
  // (0,0) is the mark of a card nobody has placed, so a root dropped exactly there is put beside it.
  return x === 0 && y === 0 ? { x: 1, y: 0 } : { x, y };
}

/** The whole fleet put back on the grid: roots on shelves, children in slots. Returns only what moves. */
export function tidyPositions(nodes: readonly LayoutNode[]): Map<string, Point> {
  const tidy = placeFleet(nodes.map((node) => ({ ...node, x: 0, y: 0 })));
  const before = new Map(nodes.map((node) => [node.id, node]));
  const moves = new Map<string, Point>();
  for (const { id, parentId, x, y } of tidy) {
    const at = settlePosition({ x, y }, parentId !== null);
    const old = before.get(id);
    if (old && (old.x !== at.x || old.y !== at.y)) moves.set(id, at);
  }
  return moves;
}

/** Absolute boxes, for the minimap, edges and fitting the view. */
export function absoluteBoxes(placed: readonly PlacedNode[]): Map<string, Box> {
  const boxes = new Map<string, Box>();
  for (const node of placed) {
    const parent = node.parentId === null ? undefined : boxes.get(node.parentId);
    boxes.set(node.id, { x: node.x + (parent?.x ?? 0), y: node.y + (parent?.y ?? 0), w: node.w, h: node.h });
  }
  return boxes;
}
