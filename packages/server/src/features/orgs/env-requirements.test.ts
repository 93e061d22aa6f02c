import { expect, it } from 'vitest';
import { collectRequirements, listMissing, toEnvGroup, toRequirement } from './env-requirements.js';

type Given = readonly (readonly string[])[];

function toGroups(given: Given) {
  return given.flatMap((members) => {
    const group = toEnvGroup(members);
    return group ? [group] : [];
  });
}

it.each([
  [
    'names come first, alphabetically, then groups',
    [['B', 'C'], ['Z'], ['A']],
    [],
    ['A', 'Z', { any_of: ['B', 'C'] }],
    [],
  ],
  [
    'equal names and equal sets in any order are one',
    [['A'], ['A'], ['C', 'B'], ['B', 'C']],
    [],
    ['A', { any_of: ['B', 'C'] }],
    [],
  ],
  [
    'invalid members drop, the group stays while one is valid',
    [['lower', 'GOOD'], ['1X'], ['HAS SPACE', 'no']],
    [],
    ['GOOD'],
    [],
  ],
  ['a strict name satisfies required groups that hold it', [['A'], ['A', 'B']], [], ['A'], []],
  ['what is required is not recommended', [['A']], [['A'], ['A', 'B'], ['C']], ['A'], ['C']],
  ['an equal required group is not recommended', [['A', 'B']], [['B', 'A']], [{ any_of: ['A', 'B'] }], []],
  ['a strict recommended name satisfies recommended groups', [], [['A'], ['A', 'B']], [], ['A']],
  ['a recommended name removes nothing that is required', [['A', 'B']], [['A']], [{ any_of: ['A', 'B'] }], ['A']],
] as const)('contract §8.3: %s', (_rule, required, recommended, wantRequired, wantRecommended) => {
  const found = collectRequirements({ required: toGroups(required), recommended: toGroups(recommended) });
  expect(found.required.map(toRequirement)).toEqual(wantRequired);
  expect(found.recommended.map(toRequirement)).toEqual(wantRecommended);
});

it('any member of a group satisfies it', () => {
  const groups = [['A'], ['B', 'C']];
  expect(listMissing(groups, new Set(['C']))).toEqual([['A']]);
  expect(listMissing(groups, new Set(['A', 'B']))).toEqual([]);
});

it('a name of 129 characters is none', () => {
  expect(toEnvGroup([`A${'B'.repeat(127)}`])).not.toBeNull();
  expect(toEnvGroup([`A${'B'.repeat(128)}`])).toBeNull();
});
