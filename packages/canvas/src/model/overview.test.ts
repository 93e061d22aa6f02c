import { expect, it } from 'vitest';
import { boundsOf, scaleInto } from './overview.js';

it('fits everything into the picture and finds the way back', () => {
  const area = boundsOf([
    { x: -100, y: 50, w: 240, h: 130 },
    { x: 900, y: 700, w: 240, h: 130 },
  ]);
  expect(area).toEqual({ x: -100, y: 50, w: 1240, h: 780 });
  const scale = scaleInto(area, 200, 140);
  const inside = scale.map(area);
  expect([inside.x >= 0, inside.y >= 0, inside.x + inside.w <= 200, inside.y + inside.h <= 140]).toEqual([
    true,
    true,
    true,
    true,
  ]);
  const back = scale.unmap(inside.x, inside.y);
  expect([Math.round(back.x), Math.round(back.y)]).toEqual([-100, 50]);
});
