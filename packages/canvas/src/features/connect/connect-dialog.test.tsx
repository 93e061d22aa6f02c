// @vitest-environment jsdom
import type { Connection, Workspace } from '@molecule/contract';
import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { Toaster } from 'sonner';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { takeSnapshot } from '../../state/fleet-store.js';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { ConnectDialog } from './connect-dialog.js';
import { keepConnection } from './use-connection.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const connection: Connection = {
  workspace_id: 'far',
  platform_url: 'https://molecule.test',
  auth_token: '',
  registry_endpoint: 'https://molecule.test/registry/register',
  heartbeat_endpoint: 'https://molecule.test/registry/heartbeat',
  universal_mcp_snippet: 'MOLECULE_WORKSPACE_TOKEN="<paste from create response>" npx molecule-mcp',
  python_snippet: 'AUTH_TOKEN    = "<paste from create response>"',
  claude_code_channel_snippet: 'MOLECULE_WORKSPACE_TOKENS=<paste auth_token from create response>',
  hermes_channel_snippet: '',
  codex_snippet: 'codex',
  openclaw_snippet: 'openclaw',
  curl_register_template: 'curl',
};
const reply = (auth_token = '') => json({ ...connection, auth_token, connection: { ...connection, auth_token } });

function show(answers: Answers, change: Partial<Workspace> = {}) {
  const rendered = renderPart(
    <>
      <ConnectDialog id="far" />
      <Toaster />
    </>,
    { 'GET /workspaces/far/external/connection': () => reply(), ...answers },
    '/?dialog=connect&for=far',
  );
  const agent = buildWorkspace({ id: 'far', name: 'Laptop', runtime: 'external', status: 'awaiting_agent', ...change });
  act(() => takeSnapshot(rendered.services.fleet, [agent], [], 1_000));
  return rendered;
}
const lines = () => screen.getByRole('region', { name: /^Lines for/ }).textContent;

it('begins with the way that needs least, and hides ways the server does not know', async () => {
  show({});
  await waitFor(() => expect(lines()).toContain('molecule-mcp'));
  const offered = screen.getAllByRole('radio').map((radio) => radio.getAttribute('value'));
  expect(offered).toEqual(['mcp', 'python', 'claude-code', 'codex', 'openclaw', 'curl', 'fields']);
});

it('a token that was just made is in every line, and closing it takes saying that it is saved', async () => {
  const { services } = show({});
  await screen.findByRole('region', { name: /^Lines for/ });
  act(() => keepConnection(services.queries, { ...connection, auth_token: 'the-new-token' }));
  expect(await screen.findByText('The token is shown only now')).toBeDefined();
  expect(lines()).toContain('MOLECULE_WORKSPACE_TOKEN="the-new-token"');
  fireEvent.click(screen.getByRole('radio', { name: 'Claude Code' }));
  expect(lines()).toBe('MOLECULE_WORKSPACE_TOKENS=the-new-token');
  fireEvent.keyDown(screen.getByRole('dialog'), { key: 'Escape' });
  expect(screen.getByRole('button', { name: 'I have saved the token' })).toBeDefined();
});

it('without the token it says what to do when that is lost; rotating asks first and shows the new one', async () => {
  const { server } = show({ 'POST /workspaces/far/external/rotate': () => reply('rotated-token') });
  expect(await screen.findByText('The token is not shown again')).toBeDefined();
  fireEvent.click(screen.getByRole('button', { name: 'Rotate credentials' }));
  expect(server.requests.some((request) => request.includes('rotate'))).toBe(false);
  fireEvent.click(await screen.findByRole('button', { name: 'Rotate' }));
  await waitFor(() => expect(lines()).toContain('rotated-token'));
});

it('a refused rotation says why', async () => {
  show({ 'POST /workspaces/far/external/rotate': () => refusal(404, 'workspace_not_found', 'workspace not found') });
  await screen.findByRole('region', { name: /^Lines for/ });
  fireEvent.click(screen.getByRole('button', { name: 'Rotate credentials' }));
  fireEvent.click(await screen.findByRole('button', { name: 'Rotate' }));
  expect(await screen.findByText('Help for workspace_not_found.')).toBeDefined();
});

it('the raw fields are there for clients of one’s own', async () => {
  show({});
  fireEvent.click(await screen.findByRole('radio', { name: 'Fields' }));
  expect(screen.getByText('https://molecule.test/registry/heartbeat')).toBeDefined();
  expect(screen.getByText('shown only when it is made')).toBeDefined();
});
