import type { Box } from './layout.js';

export type Direction = 'left' | 'right' | 'up' | 'down';

export function directionOf(key: string): Direction | null {
  switch (key) {
    case 'ArrowLeft':
      return 'left';
    case 'ArrowRight':
      return 'right';
    case 'ArrowUp':
      return 'up';
    case 'ArrowDown':
      return 'down';
    default:
      return null;
  }
}

/**
 * The card an arrow key leads to: the nearest one in that direction, where being off to the side counts double. The
 * top-left corner stands for a card, so that a team and its members, which overlap, still have an order.
 */
export function neighbourOf(boxes: ReadonlyMap<string, Box>, id: string, direction: Direction): string | null {
  const from = boxes.get(id);
  if (!from) return null;
  let best: string | null = null;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const [other, box] of boxes) {
    if (other === id) continue;
    const dx = box.x - from.x;
    const dy = box.y - from.y;
    const ahead = direction === 'left' ? -dx : direction === 'right' ? dx : direction === 'up' ? -dy : dy;
    if (ahead <= 0) continue;
    const aside = Math.abs(direction === 'left' || direction === 'right' ? dy : dx);
    const score = ahead + 2 * aside;
    if (score < bestScore) {
      best = other;
      bestScore = score;
    }
  }
  return best;
}
