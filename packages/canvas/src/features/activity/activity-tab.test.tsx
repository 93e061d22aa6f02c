// @vitest-environment jsdom
import type { Activity } from '@molecule/contract';
import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { useLocation } from 'react-router';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { takeSnapshot } from '../../state/fleet-store.js';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { buildRow, type PlayedLog, playLog } from '../../testing/played-log.js';
import { renderPart } from '../../testing/render-app.js';
import { ActivityTab } from './activity-tab.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const writer = '0b6b1c1e-3a0f-4a57-9c61-3f1f0f6f2a11';
const path = 'GET /workspaces/lead/activity';

function Address() {
  const { search } = useLocation();
  return <output aria-label="address">{decodeURIComponent(search)}</output>;
}

interface Shown {
  readonly log: PlayedLog;
  readonly requests: readonly string[];
  /** Says to the tab that a row was written. */
  readonly say: (id: string) => void;
}

function show(rows: Activity[], search = '', answers: Answers = {}): Shown {
  const log = playLog(...rows);
  const { services, server, say } = renderPart(
    <>
      <ActivityTab id="lead" />
      <Address />
    </>,
    { [path]: (request) => log.answer(request), ...answers },
    `/w/lead/activity${search}`,
  );
  act(() =>
    takeSnapshot(
      services.fleet,
      [buildWorkspace({ id: 'lead', name: 'Lead' }), buildWorkspace({ id: writer, name: 'Writer', parent_id: 'lead' })],
      [],
      1_000,
    ),
  );
  return {
    log,
    requests: server.requests,
    say: (id) => say({ event: 'ACTIVITY_LOGGED', workspace_id: 'lead', payload: { activity_id: id } }),
  };
}

const reports = () => screen.queryAllByText(/^report \d+$/).map((element) => element.textContent);
const address = () => screen.getByLabelText('address').textContent;
const toggle = (name: RegExp) => screen.getByRole('button', { name });

it('words and filters are put into the address, combine, and can be taken back one by one', async () => {
  show([
    buildRow(1),
    buildRow(2, { activity_type: 'delegation', status: 'failed', summary: 'report 2' }),
    buildRow(3, { activity_type: 'delegation', status: 'completed', summary: 'report 3' }),
  ]);
  await waitFor(() => expect(reports()).toEqual(['report 3', 'report 2', 'report 1']));
  fireEvent.click(screen.getByRole('button', { name: 'Filters' }));
  fireEvent.change(screen.getByLabelText('Kind'), { target: { value: 'delegation' } });
  await waitFor(() => expect(reports()).toEqual(['report 3', 'report 2']));
  fireEvent.change(screen.getByLabelText('Outcome'), { target: { value: 'failed' } });
  await waitFor(() => expect(reports()).toEqual(['report 2']));
  expect(address()).toBe('?type=delegation&outcome=failed');
  fireEvent.click(screen.getByRole('button', { name: 'Remove the filter Failed only' }));
  fireEvent.change(screen.getByLabelText('Words in the activity'), { target: { value: 'PORT 3' } });
  await waitFor(() => expect(reports()).toEqual(['report 3']));
  expect(address()).toBe('?type=delegation&q=PORT+3');
});

it('an address brings its filters with it', async () => {
  const { requests } = show([], `?type=delegation&source=agent&peer=${writer}&outcome=failed`);
  await screen.findByText('Nothing matches');
  expect(requests[0]).toContain(`type=delegation&source=agent&peer_id=${writer}`);
  expect(screen.getByRole('button', { name: 'Remove the filter With Writer' })).toBeDefined();
  fireEvent.click(screen.getByRole('button', { name: 'Clear all filters' }));
  await screen.findByText('Nothing has happened yet');
  expect(address()).toBe('');
});

it('what is searched for is looked for further back, so far and no further on its own', async () => {
  const rows = Array.from({ length: 1_250 }, (_, at) => buildRow(at, at === 7 ? { error_detail: 'no ink' } : {}));
  show(rows, '?q=ink');
  await screen.findByText(/Searched 1,100 rows/);
  expect(screen.queryByText('report 7')).toBeNull();
  fireEvent.click(screen.getByRole('button', { name: 'Search further back' }));
  expect(await screen.findByText('report 7')).toBeDefined();
  expect(await screen.findByText('This is all there is.')).toBeDefined();
});

it('a row that comes while nobody reads further down stands at the top at once', async () => {
  const { log, say } = show([buildRow(1)]);
  await waitFor(() => expect(reports()).toEqual(['report 1']));
  log.rows.push(buildRow(2));
  say('r2');
  await waitFor(() => expect(reports()).toEqual(['report 2', 'report 1']));
});

it.each([
  ['the list is scrolled', () => scroll(200)],
  ['a row is open', () => fireEvent.click(toggle(/report 1/))],
  ['following is stopped', () => fireEvent.click(toggle(/^Stop following$/))],
])('while %s, new rows wait and are counted', async (_when, begin) => {
  const { log, say } = show([buildRow(1)]);
  await waitFor(() => expect(reports()).toContain('report 1'));
  begin();
  const before = reports();
  log.rows.push(buildRow(2), buildRow(3));
  say('r3');
  const pill = await screen.findByRole('button', { name: '2 new' });
  expect(reports()).toEqual(before);
  fireEvent.click(pill);
  await waitFor(() => expect(reports().slice(0, 2)).toEqual(['report 3', 'report 2']));
  expect(screen.queryByRole('button', { name: /new$/ })).toBeNull();
});

function scroll(top: number): void {
  const area = screen.getByRole('list', { name: 'Activity, newest first' }).parentElement;
  if (area === null) throw new Error('a list lies in an area');
  area.scrollTop = top;
  fireEvent.scroll(area);
}

it('news that the filter leaves out are not announced', async () => {
  const { log, say } = show([buildRow(1)], '?q=report+1');
  await waitFor(() => expect(reports()).toEqual(['report 1']));
  fireEvent.click(toggle(/report 1/));
  log.rows.push(buildRow(2), buildRow(10));
  say('r10');
  expect(await screen.findByRole('button', { name: '1 new' })).toBeDefined();
});

it('an open row has the whole request and answer, indented, and says where a long body was cut', async () => {
  const question = 'why '.repeat(1_500);
  show([
    buildRow(1, {
      activity_type: 'a2a_receive',
      source_id: null,
      target_id: 'lead',
      request_body: { params: { message: { parts: [{ kind: 'text', text: question }] } } },
      response_body: { truncated: true, bytes: 512_000, preview: '{' },
    }),
  ]);
  fireEvent.click(await screen.findByRole('button', { name: /why/ }));
  expect(screen.getByText(/2,000 more characters/)).toBeDefined();
  fireEvent.click(screen.getByRole('button', { name: 'Show all' }));
  expect(screen.getByText('Request').parentElement?.textContent).toContain(question.trim());
  expect(screen.getByText('The answer had 500 KB; the log keeps only its beginning.')).toBeDefined();
  const body = screen.getByText('Request body').closest('details');
  if (body === null) throw new Error('the body is not there');
  body.open = true;
  fireEvent(body, new Event('toggle'));
  expect(await within(body).findByText(/"params": \{/)).toBeDefined();
  expect(within(body).getByRole('button', { name: 'Copy request body' })).toBeDefined();
});

it('a failed delegation says why, what to do next, and can be given again', async () => {
  const { requests } = show(
    [
      buildRow(1, {
        activity_type: 'delegation',
        method: 'delegate',
        target_id: writer,
        status: 'failed',
        error_detail: 'no ink',
        request_body: { task: 'Write', delegation_id: 'd-1' },
      }),
    ],
    '',
    {
      'GET /workspaces/lead/delegations/d-1': () =>
        json({ status: 'failed', reason: 'agent_error', error_detail: 'no ink', next_step: 'Refill it.' }),
      'POST /workspaces/lead/delegations/d-1/retry': () => json({ delegation_id: 'd-2', status: 'delegated' }, 202),
    },
  );
  fireEvent.click(await screen.findByRole('button', { name: /Lead to Writer/ }));
  expect(await screen.findByText('Refill it.')).toBeDefined();
  expect(screen.getByRole('link', { name: 'Conversation with Writer' }).getAttribute('href')).toBe(
    `/w/lead/comms?peer=${writer}`,
  );
  fireEvent.click(screen.getByRole('button', { name: 'Give it again' }));
  await screen.findByRole('button', { name: 'Given again' });
  expect(requests).toContain('POST /workspaces/lead/delegations/d-1/retry');
});

it('an error of the agent itself leads to its log', async () => {
  show([buildRow(1, { activity_type: 'error', status: 'error', error_detail: 'disk full' })]);
  fireEvent.click(await screen.findByRole('button', { name: /disk full/ }));
  expect(screen.getByRole('link', { name: 'Open the log' }).getAttribute('href')).toBe('/w/lead/logs');
});

it('a list that cannot be read says so instead of looking empty, and is read again on demand', async () => {
  let down = true;
  const log = playLog(buildRow(1));
  show([], '', {
    [path]: (request) => (down ? refusal(503, 'platform_unavailable', 'down') : log.answer(request)),
  });
  expect(await screen.findByText('The server cannot reach its database')).toBeDefined();
  expect(screen.queryByText('Nothing has happened yet')).toBeNull();
  down = false;
  fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
  await waitFor(() => expect(reports()).toEqual(['report 1']));
});

it('a look at the past has no live tail and a way back to now', async () => {
  show([buildRow(1), buildRow(9)], `?until=${buildRow(5).created_at}`);
  await waitFor(() => expect(reports()).toEqual(['report 1']));
  expect(screen.queryByRole('button', { name: 'Stop following' })).toBeNull();
  fireEvent.click(screen.getByRole('button', { name: 'Back to now' }));
  await waitFor(() => expect(reports()).toEqual(['report 9', 'report 1']));
});
