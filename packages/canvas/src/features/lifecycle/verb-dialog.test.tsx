// @vitest-environment jsdom
import type { Workspace } from '@molecule/contract';
import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { useLocation } from 'react-router';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import type { AskedVerb } from '../../model/lifecycle-verbs.js';
import { takeSnapshot } from '../../state/fleet-store.js';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { VerbDialog } from './verb-dialog.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const lead = buildWorkspace({ id: 'lead', name: 'Lead', template: 'starter-lead' });
const writer = buildWorkspace({
  id: 'writer',
  name: 'Writer',
  parent_id: 'lead',
  active_tasks: 1,
  current_task: 'Draft',
});
const path = '/w/writer/chat?dialog=x&for=lead';

function Address() {
  const { pathname, search } = useLocation();
  return <output aria-label="address">{pathname + search}</output>;
}

const ask = (verb: AskedVerb, answers: Answers = {}, agents: readonly Workspace[] = [lead, writer]) => {
  const rendered = renderPart(
    <>
      <VerbDialog verb={verb} id="lead" />
      <Address />
    </>,
    answers,
    path,
  );
  const hear = (fleet: readonly Workspace[]) => act(() => takeSnapshot(rendered.services.fleet, fleet, [], 1_000));
  hear(agents);
  return { ...rendered, hear };
};
const address = () => screen.getByRole('status', { name: 'address', hidden: true }).textContent;
const dialog = () => screen.getByRole('alertdialog');
const confirm = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

it('names everybody it reaches and what they are at, with the focus on Cancel', () => {
  ask('pause');
  expect(
    within(dialog())
      .getAllByRole('listitem')
      .map((item) => item.textContent),
  ).toEqual(['Online: WriterDraft', 'Online: Lead']);
  expect(dialog().textContent).toContain('2 agents, one is at work now');
  expect(document.activeElement?.textContent).toBe('Cancel');
});

it('Escape asks the server for nothing and closes', () => {
  const { server } = ask('pause');
  fireEvent.keyDown(dialog(), { key: 'Escape' });
  expect(address()).toBe('/w/writer/chat');
  expect(server.requests).toEqual([]);
});

it('stays with progress until the server has answered, whatever the events say meanwhile', async () => {
  let answer: (response: Response) => void = () => {};
  const { hear } = ask('pause', {
    'POST /workspaces/lead/pause': () => new Promise<Response>((resolve) => (answer = resolve)),
  });
  confirm('Pause 2 agents');
  const button = await screen.findByRole<HTMLButtonElement>('button', { name: 'Pause 2 agents', busy: true });
  hear([
    { ...lead, status: 'paused' },
    { ...writer, status: 'paused' },
  ]);
  expect(button.isConnected).toBe(true);
  answer(json({ status: 'paused', paused_count: 2 }));
  await waitFor(() => expect(address()).toBe('/w/writer/chat'));
});

it('a removal takes the panel of a removed member along', async () => {
  ask('collapse', { 'POST /workspaces/lead/collapse': () => json({ status: 'collapsed', removed: ['Writer'] }) });
  confirm('Remove agent');
  await waitFor(() => expect(address()).toBe('/'));
});

it('a refusal is shown with the error and the help of the server, and can be tried again', async () => {
  let tries = 0;
  const { server } = ask('restart', {
    'POST /workspaces/lead/restart': () => {
      tries += 1;
      return refusal(503, 'provisioner_not_available', 'provisioner not available');
    },
  });
  confirm('Restart agent');
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toBe('Provisioner not availableHelp for provisioner_not_available.');
  confirm('Restart agent');
  await waitFor(() => expect(tries).toBe(2));
  expect(server.requests).toHaveLength(2);
});

it('a restart lays the stored template out again only when asked to, and warns then', async () => {
  const bodies: unknown[] = [];
  ask('restart', {
    'POST /workspaces/lead/restart': ({ body }) => {
      bodies.push(body);
      return json({ status: 'provisioning', config_dir: 'starter-lead', template_applied: true, reset_session: false });
    },
  });
  const choice = screen.getByRole('checkbox', { name: /starter-lead/ });
  expect(screen.queryByText(/Edits to them are lost/)).toBeNull();
  fireEvent.click(choice);
  expect(screen.getByText(/Edits to them are lost/)).toBeTruthy();
  confirm('Restart agent');
  await waitFor(() => expect(bodies).toEqual([{ template: 'starter-lead', apply_template: true }]));
});

it('a member that comes in while the dialog is open is named before it can go', () => {
  const { hear } = ask('remove', {}, [lead]);
  expect(screen.getByRole('button', { name: 'Remove agent' })).toBeTruthy();
  hear([lead, writer]);
  expect(screen.getByRole('button', { name: 'Remove 2 agents' })).toBeTruthy();
});

it('closes by itself when there is nothing left to ask', async () => {
  const { hear } = ask('pause');
  hear([{ ...lead, status: 'paused' }, writer]);
  await waitFor(() => expect(address()).toBe('/w/writer/chat'));
});
