import type { ImportPlan } from '@molecule/contract';
import { expect, it } from 'vitest';
import { isReady, membersOf, planRows } from './requirements.js';

const node = (path: string) => ({
  path,
  name: path.split(' / ').at(-1) ?? '',
  parent: null,
  tier: 2,
  runtime: 'echo',
  template: '',
});
const plan: ImportPlan = {
  org: 'Starter',
  create: [node('Lead'), node('Lead / Writer'), node('Ops')],
  keep: [{ path: 'Lead / Researcher', name: 'Researcher', id: 'r' }],
  missing_env: [],
  recommended_missing: [{ any_of: ['A', 'B'] }],
};

it('shows new and kept agents as one tree', () => {
  expect(planRows(plan).map((row) => `${'-'.repeat(row.depth)}${row.name} ${row.kind}`)).toEqual([
    'Lead create',
    '-Writer create',
    '-Researcher keep',
    'Ops create',
  ]);
});

it('only a missing required key holds an import back', () => {
  expect([isReady(plan), isReady({ ...plan, missing_env: ['KEY'] })]).toEqual([true, false]);
});

it('any member of a group satisfies it', () => {
  expect([membersOf('A'), membersOf({ any_of: ['A', 'B'] })]).toEqual([['A'], ['A', 'B']]);
});
