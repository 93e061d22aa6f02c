/** Constants of contract lifecycle §8.5; the canvas draws with the same ones. */
export const CARD = { width: 240, height: 130 } as const;
const GUTTER = 14;
const HEADER = 130;
const PADDING = 16;
const COLUMNS = 2;
/** Space between trees that stand side by side. */
const BETWEEN_ROOTS = 80;

export interface Tree {
  readonly children: readonly Tree[];
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point, Size {}

/** How much room a workspace with everything inside it takes. */
export function sizeOf(tree: Tree): Size {
  return measure(tree.children.map(sizeOf)).size;
}

/** Where the children of one workspace stand, relative to it, in the order given. */
export function childSlots(children: readonly Tree[]): readonly Point[] {
  return measure(children.map(sizeOf)).slots;
}

function measure(sizes: readonly Size[]): { readonly size: Size; readonly slots: readonly Point[] } {
  if (sizes.length === 0) return { size: CARD, slots: [] };
  const columns = Math.min(COLUMNS, sizes.length);
  const columnWidth = Math.max(...sizes.map((size) => size.width));
  const rowCount = Math.ceil(sizes.length / columns);
  const rowHeights = Array.from({ length: rowCount }, (_, row) =>
    Math.max(...sizes.slice(row * columns, (row + 1) * columns).map((size) => size.height)),
  );
  const rowTops = rowHeights.map((_, row) => HEADER + sum(rowHeights.slice(0, row)) + GUTTER * row);
  return {
    size: {
      width: 2 * PADDING + columns * columnWidth + (columns - 1) * GUTTER,
      height: HEADER + sum(rowHeights) + (rowCount - 1) * GUTTER + PADDING,
    },
    slots: sizes.map((_, index) => ({
      x: PADDING + (index % columns) * (columnWidth + GUTTER),
      y: rowTops[Math.floor(index / columns)] ?? HEADER,
    })),
  };
}

/** A root stands where its template says when nothing is there yet, otherwise to the right of everything. */
export function placeRoot(size: Size, wished: Point | null, taken: readonly Box[]): Point {
  const home = wished ?? { x: 0, y: 0 };
  if (!taken.some((box) => overlaps(box, { ...home, ...size }))) return home;
  const rightmost = Math.max(...taken.map((box) => box.x + box.width));
  return { x: rightmost + BETWEEN_ROOTS, y: home.y };
}

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
