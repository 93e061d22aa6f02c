import { expect, it } from 'vitest';
import { cleanFilePath } from './file-path.js';

it.each([
  ['config.yaml', 'config.yaml'],
  ['skills//a/./SKILL.md', 'skills/a/SKILL.md'],
  ['./notes/', 'notes'],
  ['ünï/❤.md', 'ünï/❤.md'],
  ["it's; rm -rf $(x).md", "it's; rm -rf $(x).md"],
])('takes %j as %j', (raw, clean) => {
  expect(cleanFilePath(raw)).toBe(clean);
});

it.each([
  '',
  '.',
  './',
  '/etc/passwd',
  '../x',
  'a/../b',
  'a..b',
  'a\\b',
  'a\0b',
  'a\ud800',
  'x'.repeat(256),
  'ü'.repeat(128),
  'a/'.repeat(33),
  `${'x'.repeat(200)}/`.repeat(6),
])('refuses %j', (raw) => {
  expect(cleanFilePath(raw)).toBeNull();
});
