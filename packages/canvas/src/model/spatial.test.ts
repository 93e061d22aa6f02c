import { expect, it } from 'vitest';
import { neighbourOf } from './spatial.js';

const box = (x: number, y: number) => ({ x, y, w: 240, h: 130 });
const boxes = new Map([
  ['lead', box(0, 0)],
  ['left', box(16, 130)],
  ['right', box(270, 130)],
  ['below', box(16, 274)],
]);

it('arrows lead to the card one would point at', () => {
  expect(neighbourOf(boxes, 'left', 'right')).toBe('right');
  expect(neighbourOf(boxes, 'right', 'left')).toBe('left');
  expect(neighbourOf(boxes, 'lead', 'down')).toBe('left');
  expect(neighbourOf(boxes, 'below', 'up')).toBe('left');
});

it('at the edge the focus stays', () => {
  expect(neighbourOf(boxes, 'lead', 'up')).toBeNull();
  expect(neighbourOf(boxes, 'nobody', 'up')).toBeNull();
});
