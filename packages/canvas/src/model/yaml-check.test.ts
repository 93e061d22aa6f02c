import { expect, it } from 'vitest';
import { faultsInYaml } from './yaml-check.js';

it('a mapping with comments and unknown keys is a configuration; so is an empty text', () => {
  expect(faultsInYaml('# note\nname: Writer\nmine: { deep: [1] }\n')).toEqual([]);
  expect(faultsInYaml('')).toEqual([]);
});

it('names the line of what cannot be read', () => {
  const [fault] = faultsInYaml('name: Writer\nskills: [a, b\ntier: 2\n');
  expect(fault?.line).toBeGreaterThanOrEqual(2);
  expect(fault?.message).not.toBe('');
});

it('a key given twice is a fault at its second place', () => {
  expect(faultsInYaml('name: a\ntier: 2\nname: b\n').map(({ line }) => line)).toEqual([3]);
});

it('a single value or a list is no configuration', () => {
  expect(faultsInYaml('just words')).toHaveLength(1);
  expect(faultsInYaml('- a\n- b\n')).toHaveLength(1);
});

it('offsets stay inside the text, however it ends', () => {
  for (const text of ['a: [', 'a: "', '{', 'a:\n\tb: 1']) {
    for (const { from, to } of faultsInYaml(text)) {
      expect(from).toBeLessThanOrEqual(to);
      expect(to).toBeLessThanOrEqual(text.length);
    }
  }
});
