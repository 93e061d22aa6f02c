// @vitest-environment jsdom
import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { json, refusal } from '../../testing/fake-server.js';
import { renderPart } from '../../testing/render-app.js';
import { AuthGate } from './auth-gate.js';

afterEach(cleanup);

const who = 'GET /session';
const login = 'POST /session';
const admin = () => json({ principal: { kind: 'admin', via: 'session' }, expires_at: null });
const nobody = () => refusal(401, 'admin_auth_required', 'admin auth required');
const gate = <AuthGate>the canvas</AuthGate>;

it('lets a known person through', async () => {
  renderPart(gate, { [who]: admin });
  expect(await screen.findByText('the canvas')).toBeTruthy();
});

it('tells a stranger how to log in, and lets them in with the right token only', async () => {
  const { server } = renderPart(gate, {
    [who]: nobody,
    [login]: ({ body }) =>
      (body as { token: string }).token === 'right'
        ? json({ status: 'ok', expires_at: '' })
        : refusal(401, 'invalid_admin_token', 'no'),
  });
  expect(await screen.findByText('./molecule login-link')).toBeTruthy();
  const field = screen.getByLabelText('Admin token');
  fireEvent.change(field, { target: { value: 'wrong' } });
  fireEvent.click(screen.getByRole('button', { name: 'Log in' }));
  expect((await screen.findByRole('alert')).textContent).toContain('not the admin token');
  server.answers[who] = admin;
  fireEvent.change(field, { target: { value: ' right ' } });
  fireEvent.click(screen.getByRole('button', { name: 'Log in' }));
  expect(await screen.findByText('the canvas')).toBeTruthy();
});

it('a session that ends while the page is open leads to the login, a server that is away does not', async () => {
  const { server, services } = renderPart(gate, { [who]: admin });
  expect(await screen.findByText('the canvas')).toBeTruthy();
  const attempt = (count: number) =>
    act(() => services.fleet.setState((state) => ({ link: { ...state.link, attempt: count } })));
  server.answers[who] = () => refusal(503, 'platform_unavailable', 'down');
  attempt(2);
  await waitFor(() => expect(server.requests).toHaveLength(2));
  expect(screen.getByText('the canvas')).toBeTruthy();
  attempt(0);
  server.answers[who] = nobody;
  attempt(2);
  expect(await screen.findByLabelText('Admin token')).toBeTruthy();
});

it('a server in trouble is not mistaken for a missing login', async () => {
  renderPart(gate, { [who]: () => refusal(503, 'platform_unavailable', 'down') });
  expect(await screen.findByText('The server cannot reach its database')).toBeTruthy();
  expect(screen.queryByLabelText('Admin token')).toBeNull();
});
