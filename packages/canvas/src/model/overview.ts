import type { Box, Point } from './layout.js';

/** The box around all boxes; a small one around the origin when there are none. */
export function boundsOf(boxes: readonly Box[]): Box {
  if (boxes.length === 0) return { x: 0, y: 0, w: 1, h: 1 };
  const left = Math.min(...boxes.map((box) => box.x));
  const top = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.w));
  const bottom = Math.max(...boxes.map((box) => box.y + box.h));
  return { x: left, y: top, w: right - left, h: bottom - top };
}

export interface Scale {
  map(box: Box): Box;
  unmap(x: number, y: number): Point;
}

const MARGIN = 12;

/** Fits an area of the map into a small picture, centred, without distorting it. */
export function scaleInto(area: Box, width: number, height: number): Scale {
  const factor = Math.min((width - 2 * MARGIN) / area.w, (height - 2 * MARGIN) / area.h);
  const left = (width - area.w * factor) / 2 - area.x * factor;
  const top = (height - area.h * factor) / 2 - area.y * factor;
  return {
    map: (box) => ({ x: left + box.x * factor, y: top + box.y * factor, w: box.w * factor, h: box.h * factor }),
    unmap: (x, y) => ({ x: (x - left) / factor, y: (y - top) / factor }),
  };
}
