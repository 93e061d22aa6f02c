import { expect, it } from 'vitest';
import { isPrefix, matchShortcut, shortcuts } from './keymap.js';

const press = (
  key: string,
  modifiers: Partial<Record<'metaKey' | 'ctrlKey' | 'altKey' | 'shiftKey', boolean>> = {},
) => ({
  key,
  metaKey: false,
  ctrlKey: false,
  altKey: false,
  shiftKey: false,
  ...modifiers,
});

it('both platform modifiers open the palette, also from a text field', () => {
  expect(matchShortcut(press('k', { ctrlKey: true }), null, 'text')).toBe('palette');
  expect(matchShortcut(press('k', { metaKey: true }), null, 'page')).toBe('palette');
});

it('letters typed into a field are never commands', () => {
  expect(['n', 'i', 'f', '?', ']', 'Escape'].map((key) => matchShortcut(press(key), null, 'text'))).toEqual(
    Array(6).fill(null),
  );
});

it('a dialog keeps every key to itself, Esc included', () => {
  expect([
    matchShortcut(press('Escape'), null, 'layer'),
    matchShortcut(press('k', { ctrlKey: true }), null, 'layer'),
  ]).toEqual([null, null]);
});

it('undo in a text field belongs to the field', () => {
  expect(matchShortcut(press('z', { ctrlKey: true }), null, 'text')).toBeNull();
  expect(matchShortcut(press('z', { ctrlKey: true }), null, 'page')).toBe('undo');
});

it('a chord needs its first key, and its second key alone means something else', () => {
  expect(isPrefix(press('g'), 'page')).toBe(true);
  expect(matchShortcut(press('a'), 'g', 'page')).toBe('goAgents');
  expect(matchShortcut(press('a'), null, 'page')).toBe('activity');
});

it('browser shortcuts with the same letter stay with the browser', () => {
  expect([
    matchShortcut(press('f', { ctrlKey: true }), null, 'page'),
    matchShortcut(press('p', { metaKey: true }), null, 'page'),
  ]).toEqual([null, null]);
});

it('no two shortcuts share their keys', () => {
  const keys = Object.values(shortcuts).map((shortcut) => shortcut.keys);
  expect(new Set(keys).size).toBe(keys.length);
});
