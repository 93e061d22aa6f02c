import { describe, expect, it } from 'vitest';
import { mergePlugins } from './plugins.js';

describe('the plugins of a node, contract §22', () => {
  it.each<[string[], string[], string[]]>([
    [[], [], []],
    [['a', 'b'], ['c'], ['a', 'b', 'c']],
    [
      ['a', 'b'],
      ['b', ' a ', 'c'],
      ['a', 'b', 'c'],
    ],
    [['a', 'b'], ['!a'], ['b']],
    [
      ['a', 'b'],
      ['-b', 'c'],
      ['a', 'c'],
    ],
    [['a'], ['!gone', ''], ['a']],
  ])('defaults %j and node %j make %j', (defaults, node, merged) => {
    expect(mergePlugins(defaults, node)).toEqual(merged);
  });
});
