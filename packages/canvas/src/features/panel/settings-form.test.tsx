// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { SettingsForm } from './settings-form.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const writer = buildWorkspace({ id: 'w', name: 'Writer', role: 'Writes' });
const open = (answers: Answers = {}) => renderPart(<SettingsForm agent={writer} />, answers);
const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });
const save = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Save' });

it('sends nothing while nothing differs from what is stored', () => {
  const { server } = open();
  type('Role', 'Something');
  type('Role', 'Writes');
  expect(save().disabled).toBe(true);
  fireEvent.submit(save());
  expect(server.requests).toEqual([]);
});

it('sends the changed field alone', async () => {
  const bodies: unknown[] = [];
  open({
    'PATCH /workspaces/w': ({ body }) => {
      bodies.push(body);
      return json({ status: 'updated' });
    },
  });
  type('Hibernate when idle for, in minutes', '15');
  fireEvent.click(save());
  await waitFor(() => expect(bodies).toEqual([{ hibernation_idle_minutes: 15 }]));
});

it('a refusal is told at the field it is about, and goes when the field is corrected', async () => {
  open({ 'PATCH /workspaces/w': () => refusal(400, 'invalid_workspace_directory', 'invalid workspace directory') });
  type('Working folder', '/etc');
  fireEvent.click(save());
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toBe('Invalid workspace directory. Help for invalid_workspace_directory.');
  expect(screen.getByLabelText('Working folder').getAttribute('aria-describedby')).toBe(alert.id);
  type('Working folder', '/srv/work');
  expect(screen.queryByRole('alert')).toBeNull();
});

it('a refusal that is about no field is told above the buttons', async () => {
  open({ 'PATCH /workspaces/w': () => refusal(404, 'workspace_not_found', 'workspace not found') });
  type('Name', 'Author');
  fireEvent.click(save());
  expect((await screen.findByRole('alert')).textContent).toContain('Workspace not found');
  expect(screen.getByLabelText('Name').getAttribute('aria-invalid')).toBeNull();
});
