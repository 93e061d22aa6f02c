import { STATUSES } from '@molecule/contract';
import { describe, expect, it } from 'vitest';
import { buildWorkspace } from './builders.js';
import { emptyFleet, withSnapshot } from './fleet.js';
import { firstVerbFor, resumeTarget, verbsFor } from './lifecycle-verbs.js';

const lead = buildWorkspace({ id: 'lead' });
const member = buildWorkspace({ id: 'member', parent_id: 'lead' });
const fleet = withSnapshot(emptyFleet, [lead, member]);
const offered = (change: Partial<typeof member>) => verbsFor(fleet, { ...member, ...change });

describe('what is offered', () => {
  it.each([
    ['provisioning', ['restart', 'pause', 'remove']],
    ['online', ['restart', 'hibernate', 'pause', 'remove']],
    ['degraded', ['restart', 'hibernate', 'pause', 'remove']],
    ['offline', ['restart', 'pause', 'remove']],
    ['awaiting_agent', ['pause', 'remove']],
    ['paused', ['resume', 'remove']],
    ['hibernating', ['wake', 'pause', 'remove']],
    ['hibernated', ['wake', 'pause', 'remove']],
    ['failed', ['restart', 'pause', 'remove']],
    ['removed', []],
  ] as const)('to an agent that is %s', (status, verbs) => {
    expect(offered({ status })).toEqual(verbs);
  });

  it('removes everything below only of an agent that leads some', () => {
    expect(verbsFor(fleet, lead)).toContain('collapse');
    expect(verbsFor(fleet, { ...lead, status: 'paused' })).toContain('collapse');
    expect(verbsFor(fleet, member)).not.toContain('collapse');
  });

  it('never starts, stops or wakes an agent that somebody else runs', () => {
    const verbs = STATUSES.flatMap((status) => [...offered({ status, runtime: 'external' })]);
    expect(new Set(verbs)).toEqual(new Set(['resume', 'pause', 'remove']));
  });
});

it('the verb with a button of its own is one that is offered', () => {
  for (const runtime of ['echo', 'external']) {
    for (const status of STATUSES) {
      const first = firstVerbFor({ ...member, status, runtime });
      if (first !== null) expect(offered({ status, runtime })).toContain(first);
    }
  }
  expect(firstVerbFor({ ...member, status: 'paused' })).toBe('resume');
  expect(firstVerbFor({ ...member, status: 'failed', runtime: 'external' })).toBeNull();
});

describe('whom to resume', () => {
  const paused = { status: 'paused' } as const;

  it('is the agent itself while everybody above it runs', () => {
    expect(resumeTarget(fleet, { ...member, ...paused }).id).toBe('member');
  });

  it('is the outermost of the paused leads above it', () => {
    const deep = withSnapshot(emptyFleet, [
      lead,
      { ...member, ...paused },
      buildWorkspace({ id: 'between', parent_id: 'member' }),
      buildWorkspace({ id: 'leaf', parent_id: 'between', ...paused }),
    ]);
    const leaf = deep.agents.get('leaf');
    expect(leaf && resumeTarget(deep, leaf).id).toBe('member');
  });
});
