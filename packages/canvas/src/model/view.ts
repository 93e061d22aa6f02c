import type { Box, Size } from './layout.js';

/** Where the map stands: a point p of it is drawn at p * zoom + (x, y). */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** Below this the words of a card are not drawn. */
const READABLE_ZOOM = 0.5;

/**
 * Whether a remembered view should give way to one of everything: it cuts a card or shows none, and everything has room
 * to be read. On a map too large for that a person has chosen a part, and keeps it.
 */
export function shouldRefit(boxes: readonly Box[], view: View, area: Size): boolean {
  if (boxes.length === 0 || area.w === 0 || area.h === 0) return false;
  const right = Math.max(...boxes.map((box) => box.x + box.w));
  const bottom = Math.max(...boxes.map((box) => box.y + box.h));
  const left = Math.min(...boxes.map((box) => box.x));
  const top = Math.min(...boxes.map((box) => box.y));
  const fits = Math.min(area.w / (right - left), area.h / (bottom - top)) >= READABLE_ZOOM;
  return fits && !boxes.every((box) => isInside(box, view, area));
}

function isInside(box: Box, { x, y, zoom }: View, area: Size): boolean {
  const left = box.x * zoom + x;
  const top = box.y * zoom + y;
  return left >= 0 && top >= 0 && left + box.w * zoom <= area.w && top + box.h * zoom <= area.h;
}
