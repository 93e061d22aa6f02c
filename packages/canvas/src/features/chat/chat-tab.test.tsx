// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { type Answers, json, refusal, sse } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { ChatTab } from './chat-tab.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const agent = buildWorkspace({ id: 'w1', name: 'Lead' });
const history = 'GET /workspaces/w1/activity';
const send = 'POST /workspaces/w1/a2a';
const open = (answers: Answers, change = {}) =>
  renderPart(<ChatTab agent={{ ...agent, ...change }} />, { [history]: () => json([]), ...answers });
const write = async (text: string) => {
  const field = await screen.findByRole<HTMLTextAreaElement>('textbox', { name: 'Message to Lead' });
  fireEvent.change(field, { target: { value: text } });
  fireEvent.keyDown(field, { key: 'Enter' });
  return field;
};

it('Enter sends, empties the field and shows the answer', async () => {
  open({ [send]: () => sse({ kind: 'message', parts: [{ kind: 'text', text: 'Hello **you**' }] }) });
  const field = await write('hi there');
  expect(await screen.findByText('hi there')).toBeTruthy();
  await waitFor(() => expect(document.querySelector('.prose strong')?.textContent).toBe('you'));
  expect(field.value).toBe('');
});

it('Shift+Enter and an empty field send nothing', async () => {
  const { server } = open({});
  const field = await screen.findByRole('textbox', { name: 'Message to Lead' });
  fireEvent.change(field, { target: { value: 'first line' } });
  fireEvent.keyDown(field, { key: 'Enter', shiftKey: true });
  await write('   ');
  expect(server.requests.some((request) => request.startsWith('POST'))).toBe(false);
});

it('a busy agent is worth a retry only when the time has come', async () => {
  open({ [send]: () => refusal(503, 'agent_busy', 'busy', { 'retry-after': '30' }) });
  await write('hi');
  expect(await screen.findByText('The agent is busy')).toBeTruthy();
  expect(screen.getByRole<HTMLButtonElement>('button', { name: /Retry in/ }).disabled).toBe(true);
});

it('a used-up budget offers no retry', async () => {
  open({ [send]: () => refusal(402, 'budget_exceeded', 'workspace budget limit exceeded').clone() });
  await write('hi');
  expect(await screen.findByText('The budget of this agent is used up')).toBeTruthy();
});

it('raw HTML of an agent stays text', async () => {
  open({
    [send]: () =>
      sse({ kind: 'message', parts: [{ kind: 'text', text: 'x <img src=y onerror=alert(1)> <script>1</script>' }] }),
  });
  await write('hi');
  await waitFor(() => expect(document.querySelector('.prose')).toBeTruthy());
  expect(document.querySelector('.prose img, .prose script')).toBeNull();
});

it('a history that cannot be read is not shown as an empty one', async () => {
  open({ [history]: () => refusal(503, 'platform_unavailable', 'down') });
  expect(await screen.findByText('The server cannot reach its database')).toBeTruthy();
  expect(screen.queryByText('Write to Lead')).toBeNull();
});

it('an agent that hibernates can be written to', async () => {
  open({}, { status: 'hibernated' });
  expect(await screen.findByText(/a message wakes it/)).toBeTruthy();
  expect(screen.getByRole<HTMLTextAreaElement>('textbox').disabled).toBe(false);
});

it('a paused agent is resumed from here, and its draft waits meanwhile', async () => {
  const resumed = () => json({ status: 'provisioning', resumed_count: 1 });
  const { server } = open({ 'POST /workspaces/w1/resume': resumed }, { status: 'paused' });
  const field = await write('for later');
  expect(field.value).toBe('for later');
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Send' }).disabled).toBe(true);
  fireEvent.click(screen.getByRole('button', { name: 'Resume' }));
  await waitFor(() => expect(server.requests).toContain('POST /workspaces/w1/resume'));
  expect(server.requests).not.toContain(send);
});
