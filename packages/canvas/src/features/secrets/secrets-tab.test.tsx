// @vitest-environment jsdom
import type { Secret } from '@molecule/contract';
import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { takeSnapshot } from '../../state/fleet-store.js';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { SecretsTab } from './secrets-tab.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const writer = buildWorkspace({ id: 'w', name: 'Writer', active_tasks: 1, current_task: 'Draft' });
const at = '2026-03-01T10:00:00.000Z';
const secret = (key: string, scope: Secret['scope']): Secret => ({
  key,
  has_value: true,
  scope,
  created_at: at,
  updated_at: at,
});

const open = (answers: Answers = {}) => {
  const rendered = renderPart(<SecretsTab agent={writer} />, {
    'GET /workspaces/w/model': () => json({ model: '', source: 'default' }),
    'GET /workspaces/w/provider': () => json({ provider: '', source: 'default' }),
    'GET /settings/secrets': () => json([secret('SHARED', 'global'), secret('BOTH', 'global')]),
    'GET /workspaces/w/secrets': () =>
      json([secret('OWN', 'workspace'), secret('BOTH', 'workspace'), secret('SHARED', 'global')]),
    ...answers,
  });
  act(() => takeSnapshot(rendered.services.fleet, [writer], [], 1_000));
  return rendered;
};
const add = async (name: string, value: string) => {
  fireEvent.change(await screen.findByLabelText('Name of the key'), { target: { value: name } });
  fireEvent.change(screen.getByLabelText('Value of the key'), { target: { value } });
  fireEvent.click(screen.getByRole('button', { name: 'Add' }));
};
const restartsWriter = (put: (body: unknown) => void) => ({
  'PUT /workspaces/w/secrets': ({ url, body }: { url: URL; body: unknown }) => {
    if (url.searchParams.get('dry_run') === 'true')
      return json({ status: 'dry_run', changes: true, would_restart: [{ id: 'w', name: 'Writer' }] });
    put(body);
    return json({ status: 'saved', key: 'NEW' });
  },
});

it('tells its own keys, those that override a global one, and those it inherits apart', async () => {
  open();
  await screen.findByText('OWN');
  const rows = screen.getAllByRole('listitem').map((row) => within(row).getByText(/^[A-Z]+$/).textContent);
  expect(rows).toEqual(['OWN', 'BOTH', 'SHARED']);
  const [own, both, shared] = screen.getAllByRole('listitem');
  expect(own?.textContent).not.toContain('global');
  expect(both?.textContent).toContain('Overrides global');
  expect(shared?.textContent).toContain('Global');
  expect(screen.queryByRole('button', { name: 'Delete SHARED' })).toBeNull();
  expect(screen.getByRole('button', { name: 'Override SHARED' })).toBeTruthy();
});

it('saves only after the person has seen who starts again and what breaks off', async () => {
  const saved: unknown[] = [];
  open(restartsWriter((body) => saved.push(body)));
  await add('new', 'v');
  const dialog = await screen.findByRole('alertdialog', { name: 'Save NEW for Writer?' });
  expect(dialog.textContent).toContain('Writer starts again.');
  expect(dialog.textContent).toContain('Draft');
  expect(saved).toEqual([]);
  fireEvent.click(within(dialog).getByRole('button', { name: 'Save key' }));
  await waitFor(() => expect(saved).toEqual([{ key: 'NEW', value: 'v' }]));
  await waitFor(() => expect(screen.queryByRole('alertdialog')).toBeNull());
  expect(screen.getByLabelText<HTMLInputElement>('Value of the key').value).toBe('');
});

it('saves nothing when the person cancels, and keeps what was typed', async () => {
  const saved: unknown[] = [];
  open(restartsWriter((body) => saved.push(body)));
  await add('NEW', 'v');
  fireEvent.click(await screen.findByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(screen.queryByRole('alertdialog')).toBeNull());
  expect(saved).toEqual([]);
  expect(screen.getByLabelText<HTMLInputElement>('Value of the key').value).toBe('v');
});

it('does not ask about a change that reaches nobody', async () => {
  const { server } = open({
    'PUT /workspaces/w/secrets': ({ url }) =>
      url.searchParams.get('dry_run') === 'true'
        ? json({ status: 'dry_run', changes: true, would_restart: [] })
        : json({ status: 'saved', key: 'NEW' }),
  });
  await add('NEW', 'v');
  await waitFor(() => expect(server.requests).toContain('PUT /workspaces/w/secrets'));
  expect(screen.queryByRole('alertdialog')).toBeNull();
});

it('what is saved already is not saved again', async () => {
  const { server } = open({
    'PUT /workspaces/w/secrets': () => json({ status: 'dry_run', changes: false, would_restart: [] }),
  });
  await add('NEW', 'v');
  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>('Value of the key').value).toBe(''));
  expect(server.requests).not.toContain('PUT /workspaces/w/secrets');
});

it('a refused name shows the help of the server at the field, until the name is corrected', async () => {
  open({ 'PUT /workspaces/w/secrets': () => refusal(400, 'secret_name_refused', 'secret name not allowed') });
  await add('ADMIN_TOKEN', 'v');
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toBe('Secret name not allowed. Help for secret_name_refused.');
  expect(screen.getByLabelText('Name of the key').getAttribute('aria-describedby')).toBe(alert.id);
  fireEvent.change(screen.getByLabelText('Name of the key'), { target: { value: 'TOKEN' } });
  expect(screen.queryByRole('alert')).toBeNull();
});

it('a model of its own is told from a default, and can be given back with the same look ahead', async () => {
  const sent: unknown[] = [];
  open({
    'GET /workspaces/w/model': () => json({ model: 'anthropic:big', source: 'workspace_secrets' }),
    'PUT /workspaces/w/model': ({ url, body }) => {
      if (url.searchParams.get('dry_run') === 'true')
        return json({ status: 'dry_run', changes: true, would_restart: [{ id: 'w', name: 'Writer' }] });
      sent.push(body);
      return json({ status: 'cleared' });
    },
  });
  const field = await screen.findByLabelText<HTMLInputElement>('Model');
  expect(field.value).toBe('anthropic:big');
  expect(screen.getByText('Chosen for this agent alone.')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Use default model' }));
  fireEvent.click(await screen.findByRole('button', { name: 'Take choice back' }));
  await waitFor(() => expect(sent).toEqual([{ model: '' }]));
});

it('deleting asks even when nobody has to start again', async () => {
  open({
    'DELETE /workspaces/w/secrets/OWN': ({ url }) =>
      url.searchParams.get('dry_run') === 'true'
        ? json({ status: 'dry_run', changes: true, would_restart: [] })
        : json({ status: 'deleted', key: 'OWN' }),
  });
  fireEvent.click(await screen.findByRole('button', { name: 'Delete OWN' }));
  const dialog = await screen.findByRole('alertdialog', { name: 'Delete OWN?' });
  expect(dialog.textContent).toContain('No agent has to start again.');
});
