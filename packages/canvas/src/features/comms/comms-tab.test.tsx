// @vitest-environment jsdom
import type { Activity } from '@molecule/contract';
import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { Route, Routes } from 'react-router';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { useAgent } from '../../app/services-context.js';
import { buildWorkspace } from '../../model/builders.js';
import { takeSnapshot } from '../../state/fleet-store.js';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { buildRow, playLog } from '../../testing/played-log.js';
import { renderPart } from '../../testing/render-app.js';
import { CommsTab } from './comms-tab.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

function Part() {
  const agent = useAgent('lead');
  return (
    <Routes>
      <Route path="/w/lead/comms" element={agent ? <CommsTab agent={agent} /> : null} />
    </Routes>
  );
}

const task = buildRow(1, {
  activity_type: 'delegation',
  method: 'delegate',
  source_id: 'lead',
  target_id: 'writer',
  message_id: 'm',
  status: 'pending',
  request_body: { task: 'Write about', delegation_id: 'd-1' },
});
const received = buildRow(2, {
  workspace_id: 'writer',
  activity_type: 'a2a_receive',
  method: 'message/send',
  source_id: 'lead',
  target_id: 'writer',
  message_id: 'm',
  request_body: { params: { message: { parts: [{ type: 'text', text: 'Write about the sea' }] } } },
});
const brought = buildRow(3, {
  activity_type: 'a2a_receive',
  method: 'delegate_result',
  source_id: 'writer',
  target_id: 'lead',
  message_id: 'm',
  response_body: { text: 'The sea is wide', delegation_id: 'd-1' },
});

function show(search = '', answers: Answers = {}, rows: readonly Activity[] = [task]) {
  const [mine, theirs] = [playLog(...rows), playLog(received)];
  const rendered = renderPart(
    <Part />,
    {
      'GET /workspaces/lead/activity': (request) => mine.answer(request),
      'GET /workspaces/writer/activity': (request) => theirs.answer(request),
      ...answers,
    },
    `/w/lead/comms${search}`,
  );
  const agents = [buildWorkspace({ id: 'lead', name: 'Lead' }), buildWorkspace({ id: 'writer', name: 'Writer' })];
  act(() => takeSnapshot(rendered.services.fleet, agents, [], 1_000));
  return { ...rendered, mine };
}

const thread = () => screen.findByRole('log', { name: 'Conversation between Lead and Writer' });

it('lists with whom the agent speaks, what was said last, and leads to the conversation', async () => {
  show();
  expect(await screen.findByText('Write about')).toBeDefined();
  expect(screen.getByRole('img', { name: 'To Writer:' })).toBeDefined();
  expect(screen.getByText('1 under way')).toBeDefined();
  expect(screen.getByText('Lead asked once')).toBeDefined();
  fireEvent.click(screen.getByRole('link', { name: /Writer/ }));
  expect(await within(await thread()).findByText('Write about the sea')).toBeDefined();
  fireEvent.click(screen.getByRole('link', { name: 'All conversations' }));
  expect(await screen.findByRole('list', { name: 'Agents that Lead speaks with' })).toBeDefined();
});

it('an answer joins its question live, and each is told once', async () => {
  const { mine, say } = show('?peer=writer');
  expect(await within(await thread()).findByText(/Queued: Writer has not answered yet/)).toBeDefined();
  mine.rows[0] = { ...task, status: 'completed' };
  mine.rows.push(brought);
  act(() =>
    say({ event: 'DELEGATION_COMPLETE', workspace_id: 'lead', payload: { delegation_id: 'd-1', target_id: 'writer' } }),
  );
  expect(await within(await thread()).findByText('The sea is wide')).toBeDefined();
  await waitFor(() => expect(screen.queryByText(/has not answered yet/)).toBeNull());
  expect(screen.getAllByText('Write about the sea')).toHaveLength(1);
  expect(screen.getAllByText('The sea is wide')).toHaveLength(1);
});

it('a failure says why and what to do, gives the task again, and shows a late answer as late', async () => {
  const failed = { ...task, status: 'failed', error_detail: 'took 6 h' };
  const late = { ...brought, response_body: { text: 'The sea is wide', delegation_id: 'd-1', late: true } };
  const answers: Answers = {
    'GET /workspaces/lead/delegations/d-1': () =>
      json({ status: 'failed', reason: 'deadline_exceeded', error_detail: 'took 6 h', next_step: 'Split the task.' }),
    'POST /workspaces/lead/delegations/d-1/retry': () => json({ delegation_id: 'd-2', status: 'delegated' }, 202),
  };
  const { server } = show('?peer=writer', answers, [failed, late]);
  const log = within(await thread());
  expect(await log.findByText('Out of time')).toBeDefined();
  expect(log.getByText('took 6 h')).toBeDefined();
  expect(log.getByText('Split the task.')).toBeDefined();
  expect(log.getByText('Late')).toBeDefined();
  fireEvent.click(log.getByRole('button', { name: 'Give it again' }));
  await log.findByRole('button', { name: 'Given again' });
  expect(server.requests).toContain('POST /workspaces/lead/delegations/d-1/retry');
});

it('without a conversation it says what will appear', async () => {
  const empty = { 'GET /workspaces/lead/activity': () => json([]), 'GET /workspaces/writer/activity': () => json([]) };
  show('', empty);
  expect(await screen.findByText(/their questions and answers appear here/)).toBeDefined();
  cleanup();
  show('?peer=writer', empty);
  expect(await screen.findByText('They have not spoken yet')).toBeDefined();
});

it('a log that cannot be read is no empty conversation', async () => {
  show('?peer=writer', { 'GET /workspaces/writer/activity': () => refusal(503, 'platform_unavailable', 'down') });
  expect(await screen.findByText('The server cannot reach its database')).toBeDefined();
  expect(screen.queryByText('They have not spoken yet')).toBeNull();
});

it('of a removed agent only the own log is read', async () => {
  const { server } = show('?peer=gone', {}, [{ ...task, target_id: 'gone' }]);
  const name = 'Conversation between Lead and removed agent gone';
  expect(await within(await screen.findByRole('log', { name })).findByText('Write about')).toBeDefined();
  expect(server.requests.some((request) => request.includes('/workspaces/gone/'))).toBe(false);
});
