// @vitest-environment jsdom
import type { AdminDelegation } from '@molecule/contract';
import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { Toaster } from 'sonner';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { takeSnapshot } from '../../state/fleet-store.js';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { DelegationsPage } from './delegations-page.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const at = '2026-11-21T04:22:03.000Z';
const row: AdminDelegation = {
  delegation_id: 'd-1',
  caller_id: 'lead',
  callee_id: 'writer',
  task_preview: 'Write a poem',
  status: 'in_progress',
  retry_count: 0,
  created_at: at,
  updated_at: at,
};
const counts = { queued: 1, dispatched: 0, in_progress: 1, completed: 5, failed: 3, stuck: 0 };

function show(rows: readonly AdminDelegation[], path = '/delegations', answers: Answers = {}) {
  const rendered = renderPart(
    <>
      <DelegationsPage />
      <Toaster />
    </>,
    {
      'GET /admin/delegations': () => json({ delegations: rows, count: rows.length, limit: 200, status: 'in_flight' }),
      'GET /admin/delegations/stats': () => json(counts),
      ...answers,
    },
    path,
  );
  act(() =>
    takeSnapshot(
      rendered.services.fleet,
      [
        buildWorkspace({ id: 'lead', name: 'Lead' }),
        buildWorkspace({ id: 'writer', name: 'Writer', parent_id: 'lead' }),
      ],
      [],
      1_000,
    ),
  );
  return rendered;
}

it('tells who asked whom for what, and how many there are of each kind', async () => {
  show([row]);
  expect(await screen.findByText('Write a poem')).toBeDefined();
  expect(screen.getByRole('link', { name: 'Lead' }).getAttribute('href')).toBe('/w/lead/delegations');
  expect(screen.getByRole('link', { name: 'Writer' })).toBeDefined();
  await screen.findByRole('radio', { name: 'In flight 2' });
  expect(screen.getByRole('radio', { name: 'Failed 3' })).toBeDefined();
});

it('says why one failed and what to do, and gives its task again', async () => {
  const failed: AdminDelegation = {
    ...row,
    status: 'failed',
    reason: 'agent_error',
    error_detail: 'no ink',
    next_step: 'Correct the agent, then send it anew.',
    retry_count: 2,
    late: true,
  };
  const { server } = show([failed], '/delegations?view=failed', {
    'POST /workspaces/lead/delegations/d-1/retry': () =>
      json({ delegation_id: 'd-2', status: 'delegated', target_id: 'writer' }, 202),
  });
  expect(await screen.findByText(/: no ink\./)).toBeDefined();
  expect(screen.getByText(/Correct the agent/)).toBeDefined();
  expect(screen.getByText('Late result')).toBeDefined();
  expect(screen.getByText('2 more tries')).toBeDefined();
  expect(screen.getByText('The agent reported an error')).toBeDefined();
  expect(screen.getByText('Ended')).toBeDefined();
  expect(server.requests.find((request) => request.startsWith('GET /admin/delegations?'))).toContain('status=failed');
  fireEvent.click(screen.getByRole('button', { name: 'Give it again' }));
  expect(await screen.findByText('The task was given once more')).toBeDefined();
});

it('tells a slow one from one that hangs: its age, its last sign of life, and when it is given up', async () => {
  const now = Date.now();
  const before = (seconds: number) => new Date(now - seconds * 1_000).toISOString();
  show([
    { ...row, created_at: before(7_300), last_heartbeat: before(130), deadline: before(-7_300) },
    { ...row, delegation_id: 'd-2', status: 'queued', created_at: before(70), deadline: before(1) },
  ]);
  await screen.findAllByText('Write a poem');
  const facts = screen.getAllByRole('listitem').flatMap((item) => item.querySelector('dl')?.textContent ?? []);
  expect(facts).toEqual([
    'Age2 hLast sign of life2 min agoGiven upin 2 h',
    'Age1 minLast sign of lifenone yetGiven upnow',
  ]);
  expect(screen.getAllByRole('link', { name: 'Conversation' })[0]?.getAttribute('href')).toBe(
    '/w/lead/comms?peer=writer',
  );
});

it('a refusal says why', async () => {
  show([row], '/delegations', {
    'POST /workspaces/lead/delegations/d-1/cancel': () => refusal(404, 'delegation_not_found', 'delegation not found'),
  });
  fireEvent.click(await screen.findByRole('button', { name: 'Cancel' }));
  expect(await screen.findByText('Help for delegation_not_found.')).toBeDefined();
});

it('an empty view says what its emptiness means', async () => {
  show([], '/delegations?view=stuck');
  await waitFor(() => expect(screen.getByText('No agent has gone quiet over a task.')).toBeDefined());
});

it('an agent that is gone is shown by its id, and nothing is offered that it would have to do', async () => {
  const gone = '12345678-aaaa';
  show([
    { ...row, status: 'failed', callee_id: gone },
    { ...row, status: 'failed', delegation_id: 'd-2', caller_id: gone },
  ]);
  expect(await screen.findAllByText('removed agent 12345678')).toHaveLength(2);
  // Nobody could do it, and in the second case nobody asks.
  expect(screen.queryByRole('button', { name: 'Give it again' })).toBeNull();
  expect(screen.getAllByRole('link', { name: 'Conversation' })).toHaveLength(1);
});
