// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { OrgTokensSection } from './org-tokens-section.js';
import { SessionsSection } from './sessions-section.js';
import { WorkspaceTokensSection } from './workspace-tokens-section.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const at = '2026-11-21T04:22:03.000Z';

describe('access tokens', () => {
  const token = { id: 't-1', prefix: 'abcdefgh', name: 'Nightly report', created_at: at, created_by: 'session' };
  const list = () => json({ tokens: [token], count: 1 });

  it('a new one is shown once, until it is said to be saved', async () => {
    const made = { id: 't-2', prefix: 'ijklmnop', name: 'CI', auth_token: 'ijklmnop-whole', warning: 'save it' };
    let asked: unknown;
    renderPart(<OrgTokensSection />, {
      'GET /org/tokens': list,
      'POST /org/tokens': ({ body }) => {
        asked = body;
        return json(made);
      },
    });
    fireEvent.change(await screen.findByRole('textbox', { name: 'Name of a new token' }), {
      target: { value: ' CI ' },
    });
    fireEvent.click(screen.getByRole('button', { name: 'Make token' }));
    expect(await screen.findByText('ijklmnop-whole')).toBeDefined();
    expect(asked).toEqual({ name: 'CI' });
    fireEvent.click(screen.getByRole('button', { name: 'I have saved it' }));
    expect(screen.queryByText('ijklmnop-whole')).toBeNull();
  });

  it('one is revoked only after a question', async () => {
    const { server } = renderPart(<OrgTokensSection />, {
      'GET /org/tokens': list,
      'DELETE /org/tokens/t-1': () => json({ revoked: 't-1' }),
    });
    fireEvent.click(await screen.findByRole('button', { name: 'Revoke abcdefgh' }));
    expect(server.requests).not.toContain('DELETE /org/tokens/t-1');
    fireEvent.click(await screen.findByRole('button', { name: 'Revoke' }));
    await waitFor(() => expect(server.requests).toContain('DELETE /org/tokens/t-1'));
  });

  it('a refusal says what to do', async () => {
    renderPart(<OrgTokensSection />, {
      'GET /org/tokens': list,
      'POST /org/tokens': () => refusal(429, 'rate_limited', 'rate limit exceeded'),
    });
    fireEvent.click(await screen.findByRole('button', { name: 'Make token' }));
    expect(await screen.findByText(/Help for rate_limited|try again/i)).toBeDefined();
  });
});

it('the token of a running agent is told apart, and revoking it says that the agent starts again', async () => {
  const tokens = [
    { id: 'w-1', prefix: 'agentagt', created_at: at, last_used_at: at, agent: true },
    { id: 'w-2', prefix: 'scripted', created_at: at, last_used_at: null, agent: false },
  ];
  renderPart(<WorkspaceTokensSection agent={buildWorkspace({ id: 'writer' })} />, {
    'GET /workspaces/writer/tokens': () => json({ tokens, count: 2 }),
  });
  expect(await screen.findByText('Of its running agent')).toBeDefined();
  fireEvent.click(screen.getByRole('button', { name: 'Revoke agentagt' }));
  expect(await screen.findByText(/starts again with another/)).toBeDefined();
});

describe('sessions', () => {
  const session = (id: string, current: boolean) => ({
    id,
    created_at: at,
    last_seen_at: at,
    expires_at: at,
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0',
    address: '127.0.0.1',
    current,
  });

  it('one’s own cannot be ended here, others one by one or all at once', async () => {
    const { server } = renderPart(<SessionsSection />, {
      'GET /sessions': () =>
        json({ sessions: [session('own', true), session('a', false), session('b', false)], count: 3 }),
      'DELETE /sessions/a': () => json({ status: 'revoked', id: 'a' }),
      'DELETE /sessions': () => json({ status: 'revoked', count: 2 }),
    });
    const [own, first] = await screen.findAllByRole('listitem');
    if (!own || !first) throw new Error('no sessions are shown');
    expect(within(own).getByText(/this browser/)).toBeDefined();
    expect(within(own).queryByRole('button')).toBeNull();
    fireEvent.click(within(first).getByRole('button', { name: 'End' }));
    await waitFor(() => expect(server.requests).toContain('DELETE /sessions/a'));
    fireEvent.click(screen.getByRole('button', { name: 'End all 2 others' }));
    await waitFor(() => expect(server.requests).toContain('DELETE /sessions'));
  });
});
