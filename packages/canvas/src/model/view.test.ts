import { expect, it } from 'vitest';
import { shouldRefit } from './view.js';

const area = { w: 1000, h: 700 };
const card = { x: 0, y: 0, w: 240, h: 130 };
const other = { ...card, x: 400 };

it('a view that shows every card whole is kept', () => {
  expect(shouldRefit([card, other], { x: 20, y: 20, zoom: 1 }, area)).toBe(false);
});

it('a view that cuts a card, or shows none, gives way', () => {
  expect(shouldRefit([card, other], { x: -20, y: 20, zoom: 1 }, area)).toBe(true);
  expect(shouldRefit([card, other], { x: 20, y: 20, zoom: 1.7 }, area)).toBe(true);
  expect(shouldRefit([card], { x: 5000, y: 0, zoom: 1 }, area)).toBe(true);
});

it('a part of a map too large to be read whole is kept', () => {
  expect(shouldRefit([card, { ...card, x: 9000 }], { x: -20, y: 20, zoom: 1 }, area)).toBe(false);
});

it('nothing is refitted before there is a card or an area', () => {
  expect(shouldRefit([], { x: 0, y: 0, zoom: 1 }, area)).toBe(false);
  expect(shouldRefit([card], { x: -20, y: 0, zoom: 1 }, { w: 0, h: 0 })).toBe(false);
});
