import { expect, it } from 'vitest';
import { buildWorkspace } from './builders.js';
import { emptyFleet, withSnapshot } from './fleet.js';
import {
  countByStatus,
  descendantsOf,
  hasOtherParent,
  matchesQuery,
  nextAfter,
  pathOf,
  problemsOf,
  summariseTeams,
  treeOrder,
  visibleAncestor,
} from './selectors.js';

const fleet = withSnapshot(emptyFleet, [
  buildWorkspace({ id: 'ceo' }),
  buildWorkspace({ id: 'ops', status: 'offline' }),
  buildWorkspace({ id: 'dev', parent_id: 'ceo', collapsed: true }),
  buildWorkspace({ id: 'qa', parent_id: 'dev', status: 'failed' }),
  buildWorkspace({ id: 'art', parent_id: 'ceo', status: 'paused' }),
]);

it('reads the tree depth first', () => {
  expect(treeOrder(fleet).map(({ id, depth }) => `${depth}${id}`)).toEqual(['0ceo', '1dev', '2qa', '1art', '0ops']);
});

it('finds everyone below an agent and the way down to it', () => {
  expect(descendantsOf(fleet, 'ceo')).toEqual(['dev', 'art', 'qa']);
  expect(pathOf(fleet, 'qa').map((agent) => agent.id)).toEqual(['ceo', 'dev', 'qa']);
});

it('a cycle in the data never hangs the page', () => {
  const loop = withSnapshot(emptyFleet, [
    buildWorkspace({ id: 'a', parent_id: 'b' }),
    buildWorkspace({ id: 'b', parent_id: 'a' }),
  ]);
  expect(pathOf(loop, 'a').map((agent) => agent.id)).toEqual(['b', 'a']);
  expect(descendantsOf(loop, 'a')).toEqual(['b']);
});

it('counts by status, worst first', () => {
  expect(countByStatus(fleet).map(({ status, count }) => `${status} ${count}`)).toEqual([
    'failed 1',
    'offline 1',
    'paused 1',
    'online 2',
  ]);
});

it('a collapsed team reports the worst thing anywhere inside it', () => {
  const summaries = summariseTeams(fleet);
  expect(summaries.get('dev')).toEqual({ direct: 1, all: 1, worst: 'failed', problems: 1 });
  expect(summaries.get('ceo')).toEqual({ direct: 2, all: 3, worst: 'failed', problems: 1 });
  expect(summaries.has('ops')).toBe(false);
});

it('a change in one team leaves the summaries of the others as they are', () => {
  const before = summariseTeams(fleet);
  const again = summariseTeams(
    withSnapshot(fleet, [...fleet.agents.values(), buildWorkspace({ id: 'x', parent_id: 'ops' })]),
    before,
  );
  expect(again.get('ceo')).toBe(before.get('ceo'));
  expect(again.get('ops')).toMatchObject({ all: 1 });
});

it('steps through the problems in reading order and wraps', () => {
  const problems = problemsOf(fleet);
  expect(problems).toEqual(['qa', 'ops']);
  expect([nextAfter(problems, null), nextAfter(problems, 'ops'), nextAfter(problems, 'qa', -1)]).toEqual([
    'qa',
    'qa',
    'ops',
  ]);
  expect(nextAfter([], 'qa')).toBeNull();
});

it('an agent inside a collapsed card is represented by that card', () => {
  expect([visibleAncestor(fleet, 'qa'), visibleAncestor(fleet, 'dev'), visibleAncestor(fleet, 'art')]).toEqual([
    'dev',
    'dev',
    'art',
  ]);
});

it('an agent with everybody else below it can be moved nowhere', () => {
  expect(['ceo', 'ops', 'qa'].map((id) => hasOtherParent(fleet, id))).toEqual([true, true, true]);
  const alone = withSnapshot(emptyFleet, [
    buildWorkspace({ id: 'ceo' }),
    buildWorkspace({ id: 'dev', parent_id: 'ceo' }),
  ]);
  expect(['ceo', 'dev'].map((id) => hasOtherParent(alone, id))).toEqual([false, true]);
});

it('search needs every word, in any field', () => {
  const agent = buildWorkspace({ id: 'x', name: 'Grace', role: 'Research lead', status: 'failed' });
  expect([matchesQuery(agent, 'grace fail'), matchesQuery(agent, 'grace online')]).toEqual([true, false]);
});
