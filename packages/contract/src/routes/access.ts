import Type from 'typebox';
import { pathText, pathUuid, text } from '../query.js';
import { route } from '../route.js';
import { Nullable, Required, Timestamp, Uuid } from '../schema.js';

const Principal = Type.Object({
  kind: Type.Union([Type.Literal('admin'), Type.Literal('workspace')]),
  /** How it was recognised: session, admin_token, org_token, workspace_token or development. */
  via: Type.String(),
  workspace_id: Type.Optional(Uuid),
});

const Session = Type.Object({
  /** Not the cookie, nor anything it can be made from. */
  id: Uuid,
  created_at: Timestamp,
  /** As of the last minute. */
  last_seen_at: Timestamp,
  expires_at: Timestamp,
  user_agent: Nullable(Type.String()),
  address: Nullable(Type.String()),
  /** The one that asks. */
  current: Type.Boolean(),
});

const token = pathText('login token', /^[A-Za-z0-9_-]{16,128}$/, 'login_link_invalid');

export const accessRoutes = {
  getSession: route({
    method: 'GET',
    path: '/session',
    summary: 'Who am I?',
    access: 'credential',
    rate: 'default',
    responses: { 200: Type.Object({ principal: Principal, expires_at: Nullable(Timestamp) }) },
    errors: [],
    source: 'new',
  }),
  createSession: route({
    method: 'POST',
    path: '/session',
    summary: 'Exchange the admin token for a session cookie',
    access: 'open',
    rate: 'default',
    body: Type.Object({ token: Required({ maxLength: 1024 }) }),
    invalidBody: 'invalid_request_body',
    responses: { 200: Type.Object({ status: Type.Literal('ok'), expires_at: Timestamp }) },
    errors: ['invalid_admin_token'],
    source: 'new',
  }),
  deleteSession: route({
    method: 'DELETE',
    path: '/session',
    summary: 'Log out',
    access: 'open',
    rate: 'default',
    responses: { 200: Type.Object({ status: Type.Literal('ok') }) },
    errors: [],
    source: 'new',
  }),
  listSessions: route({
    method: 'GET',
    path: '/sessions',
    summary: 'Sessions that have not ended: the one that asks, then those used last. At most 500',
    access: 'admin',
    rate: 'default',
    responses: { 200: Type.Object({ sessions: Type.Array(Session), count: Type.Integer() }) },
    errors: [],
    source: 'new',
  }),
  revokeSession: route({
    method: 'DELETE',
    path: '/sessions/:id',
    summary: 'End a session; its next request is refused',
    access: 'admin',
    rate: 'default',
    params: { id: pathUuid('session id', 'session_not_found') },
    responses: { 200: Type.Object({ status: Type.Literal('revoked'), id: Uuid }) },
    errors: ['session_not_found'],
    source: 'new',
  }),
  revokeOtherSessions: route({
    method: 'DELETE',
    path: '/sessions',
    summary: 'End every session but the one that asks; all of them when a token asks',
    access: 'admin',
    rate: 'default',
    responses: { 200: Type.Object({ status: Type.Literal('revoked'), count: Type.Integer() }) },
    errors: [],
    source: 'new',
  }),
  createLoginLink: route({
    method: 'POST',
    path: '/admin/login-links',
    summary: 'Make a one-time login link, valid for 15 minutes',
    access: 'admin',
    rate: 'default',
    responses: { 201: Type.Object({ url: Type.String(), expires_at: Timestamp }) },
    errors: [],
    source: 'design §9',
  }),
  showLogin: route({
    method: 'GET',
    path: '/login',
    summary: 'A page for whoever comes without a login link: where to get one',
    access: 'open',
    rate: 'default',
    responses: { 200: Type.String() },
    errors: [],
    stream: 'text',
    source: 'design §9',
  }),
  showLoginLink: route({
    method: 'GET',
    path: '/login/*token',
    summary: 'The page behind a login link: a button, so that link previews cannot use the link up',
    access: 'open',
    rate: 'default',
    // Any text, slashes included: half a link is met by a person in a browser, who is told what to do on a page.
    params: { token: text('login token') },
    responses: { 200: Type.String() },
    errors: [],
    stream: 'text',
    source: 'design §9',
  }),
  useLoginLink: route({
    method: 'POST',
    path: '/login/:token',
    summary: 'Use a login link: sets the session cookie and leads to the canvas',
    access: 'open',
    rate: 'default',
    params: { token },
    responses: { 303: Type.String() },
    errors: ['login_link_invalid'],
    stream: 'text',
    source: 'design §9',
  }),
} as const;
