// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { AssignmentForm } from './assignment-form.js';
import type { Assignment } from './use-assignment.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const writer = buildWorkspace({ id: 'w', name: 'Writer' });
const assigned: Assignment = { state: 'assigned', model: 'small', since: '2026-03-01T10:00:00.000Z' };
const route = '/workspaces/w/agent';

const open = (assignment: Assignment, answers: Answers = {}) =>
  renderPart(<AssignmentForm agent={writer} assignment={assignment} />, answers);
const press = (button: string, model: string) => {
  fireEvent.change(screen.getByLabelText('Assigned agent'), { target: { value: model } });
  fireEvent.click(screen.getByRole('button', { name: button }));
};

it('assigns where nobody is on record, and replaces whoever is', async () => {
  const first = open(
    { state: 'none' },
    { [`POST ${route}`]: () => json({ agent_id: 'a', model: 'small' }, 201) },
  ).server;
  press('Assign', 'small');
  await waitFor(() => expect(first.requests).toEqual([`POST ${route}`]));
  cleanup();
  const second = open(assigned, {
    [`PATCH ${route}`]: () => json({ agent_id: 'b', model: 'big', old_model: 'small' }),
  }).server;
  expect(screen.getByText(/^On record: small/)).toBeTruthy();
  press('Replace', 'big');
  await waitFor(() => expect(second.requests).toEqual([`PATCH ${route}`]));
});

it('learns from a refusal that somebody is on record, and replaces nobody unasked', async () => {
  const { server } = open(
    { state: 'unknown' },
    { [`POST ${route}`]: () => refusal(409, 'agent_already_assigned', 'workspace already has an active agent') },
  );
  press('Assign', 'big');
  expect(await screen.findByRole('button', { name: 'Replace' })).toBeTruthy();
  expect(screen.getByRole('alert').textContent).toContain('Help for agent_already_assigned.');
  expect(server.requests).toEqual([`POST ${route}`]);
});

it('takes off the record only after a question', async () => {
  const { server } = open(assigned, { [`DELETE ${route}`]: () => json({ status: 'removed', agent_id: 'a' }) });
  fireEvent.click(screen.getByRole('button', { name: 'Remove the assigned agent' }));
  expect(server.requests).toEqual([]);
  fireEvent.click(await screen.findByRole('button', { name: 'Remove from record' }));
  await waitFor(() => expect(server.requests).toEqual([`DELETE ${route}`]));
});
