// @vitest-environment jsdom
import type { Workspace } from '@molecule/contract';
import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { useLocation } from 'react-router';
import { Toaster } from 'sonner';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { useAgent } from '../../app/services-context.js';
import { buildWorkspace } from '../../model/builders.js';
import { takeSnapshot } from '../../state/fleet-store.js';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { AgentMenu } from './agent-menu.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const lead = buildWorkspace({ id: 'lead', name: 'Lead' });
const writer = buildWorkspace({ id: 'writer', name: 'Writer', parent_id: 'lead' });

function Part({ id }: { id: string }) {
  const agent = useAgent(id);
  const { search } = useLocation();
  return (
    <>
      {agent && <AgentMenu agent={agent} />}
      <output aria-label="address">{search}</output>
      <Toaster />
    </>
  );
}

const open = (id: string, agents: readonly Workspace[], answers: Answers = {}) => {
  const rendered = renderPart(<Part id={id} />, answers);
  act(() => takeSnapshot(rendered.services.fleet, agents, [], 1_000));
  fireEvent.keyDown(screen.getByRole('button', { name: 'More actions' }), { key: 'Enter' });
  return rendered;
};
const verbs = () => screen.getAllByRole('menuitem').map((item) => item.textContent);
const choose = (name: string) => fireEvent.click(screen.getByRole('menuitem', { name }));
const address = () => screen.getByRole('status', { name: 'address', hidden: true }).textContent;

it('offers what fits, the irrevocable last', () => {
  open('lead', [lead, writer]);
  expect(verbs().slice(0, 3)).toEqual(['Restart', 'Hibernate', 'Pause']);
  expect(verbs().slice(-2)).toEqual(['Remove everything below', 'Remove agent']);
});

it('explains why an external agent is offered less', () => {
  open('lead', [{ ...lead, runtime: 'external' }]);
  expect(verbs()).not.toContain('Restart');
  const note = screen.getByRole('menu').getAttribute('aria-describedby') ?? '';
  expect(document.getElementById(note)?.textContent).toContain('outside of this server');
});

it('a pause that came from above ends where it began', async () => {
  const held = [lead, writer].map((agent) => ({ ...agent, status: 'paused' as const }));
  const resumed = () => json({ status: 'provisioning', resumed_count: 2 });
  const { server } = open('writer', held, { 'POST /workspaces/lead/resume': resumed });
  choose('Resume Lead');
  expect(await screen.findByText('Resumed 2 agents')).toBeTruthy();
  expect(server.requests).toEqual(['POST /workspaces/lead/resume']);
});

it('a dialog is asked for once the menu has closed and its button has the focus', async () => {
  open('lead', [lead]);
  choose('Pause');
  await waitFor(() => expect(address()).toBe('?dialog=pause&for=lead'));
  expect(screen.queryByRole('menu')).toBeNull();
  expect(document.activeElement?.getAttribute('aria-label')).toBe('More actions');
});

it('an idle agent hibernates without a question, one at work only after it', async () => {
  let tasks = 0;
  const { server } = open('lead', [lead], {
    'POST /workspaces/lead/hibernate': () =>
      tasks === 0
        ? json({ status: 'hibernated' })
        : json({ error: 'busy', code: 'workspace_busy', retry: true, active_tasks: tasks }, 409),
  });
  choose('Hibernate');
  expect(await screen.findByText('Lead hibernates until a message wakes it')).toBeTruthy();
  expect(address()).toBe('');
  tasks = 2;
  fireEvent.keyDown(screen.getByRole('button', { name: 'More actions' }), { key: 'Enter' });
  choose('Hibernate');
  await waitFor(() => expect(address()).toBe('?dialog=hibernate&for=lead'));
  expect(server.requests).toEqual(['POST /workspaces/lead/hibernate', 'POST /workspaces/lead/hibernate']);
});

it('a verb that is refused says why and what to do', async () => {
  open('lead', [{ ...lead, status: 'paused' }], {
    'POST /workspaces/lead/resume': () => refusal(503, 'provisioner_not_available', 'provisioner not available'),
  });
  choose('Resume');
  expect(await screen.findByText('Provisioner not available')).toBeTruthy();
  expect(screen.getByText('Help for provisioner_not_available.')).toBeTruthy();
});
