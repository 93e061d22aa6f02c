import { expect, it } from 'vitest';
import { blastRadiusOf, workOf } from './blast-radius.js';
import { buildWorkspace } from './builders.js';
import { emptyFleet, withSnapshot } from './fleet.js';
import type { LifecycleVerb } from './lifecycle-verbs.js';

/** lead ─┬─ editor ── intern (at work)   and a stranger beside them. */
const fleet = withSnapshot(emptyFleet, [
  buildWorkspace({ id: 'lead' }),
  buildWorkspace({ id: 'editor', parent_id: 'lead' }),
  buildWorkspace({ id: 'resting', parent_id: 'lead', status: 'paused' }),
  buildWorkspace({ id: 'intern', parent_id: 'editor', active_tasks: 1, current_task: 'Proofreading' }),
  buildWorkspace({ id: 'stranger', active_tasks: 3 }),
]);
const reached = (verb: LifecycleVerb, id = 'lead') => blastRadiusOf(fleet, id, verb).affected.map((agent) => agent.id);

it.each([
  ['pause', ['intern', 'lead', 'editor']],
  ['resume', ['resting']],
  ['collapse', ['intern', 'editor', 'resting']],
  ['remove', ['intern', 'lead', 'editor', 'resting']],
  ['restart', ['lead']],
  ['hibernate', ['lead']],
  ['wake', ['lead']],
] as const)('%s reaches whom the server would reach, those at work first', (verb, ids) => {
  expect(reached(verb)).toEqual(ids);
});

it('counts those at work among the reached only', () => {
  expect(blastRadiusOf(fleet, 'lead', 'pause').atWork).toBe(1);
  expect(blastRadiusOf(fleet, 'lead', 'restart').atWork).toBe(0);
  expect(blastRadiusOf(fleet, 'stranger', 'restart').atWork).toBe(1);
});

it('an agent that is not known reaches nobody', () => {
  expect(blastRadiusOf(fleet, 'gone', 'remove')).toEqual({ affected: [], atWork: 0 });
});

it('work is told by what it is, and by how much when the agent does not say', () => {
  const agent = buildWorkspace({ id: 'a' });
  expect(workOf(agent)).toBeNull();
  expect(workOf({ ...agent, active_tasks: 1 })).toBe('1 task');
  expect(workOf({ ...agent, active_tasks: 1, current_task: 'Draft' })).toBe('Draft');
  expect(workOf({ ...agent, active_tasks: 2, current_task: 'Draft' })).toBe('Draft (2 tasks)');
});
