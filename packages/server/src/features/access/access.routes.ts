import type { Routes } from '@molecule/contract';
import { AppError, refuse } from '../../platform/http/app-error.js';
import type { HandlersFor, RequestInfo, StreamReply } from '../../platform/http/handlers.js';
import type { Actor } from './actor.js';
import { equalsSecret, readCookie, readHeader } from './credentials.js';
import { loginNeededPage, loginPage, loginRefusedPage } from './login.page.js';
import { checkOrigin, type OriginRules } from './origin.js';
import type { OpenedSession, Sessions } from './sessions.js';
import { unavailable, type Validator } from './validator.js';

export type AccessHandlers = Pick<
  HandlersFor<Routes, Actor>,
  | 'getSession'
  | 'createSession'
  | 'deleteSession'
  | 'listSessions'
  | 'revokeSession'
  | 'revokeOtherSessions'
  | 'createLoginLink'
  | 'showLogin'
  | 'showLoginLink'
  | 'useLoginLink'
>;

interface RouteDeps extends OriginRules {
  readonly sessions: Sessions;
  readonly validator: Validator;
  readonly adminToken: string;
  readonly cookieName: () => string;
}

export function createAccessHandlers(deps: RouteDeps): AccessHandlers {
  const { sessions } = deps;
  /** The session that asks; null when it is somebody with a bearer, who may send a cookie of whatever worth besides. */
  const ownCookie = (actor: Actor, request: RequestInfo): string | null =>
    actor.kind === 'admin' && actor.via === 'session' ? readCookie(request.headers, deps.cookieName()) : null;
  return {
    getSession: async ({ actor, request }) => {
      const principal = toPrincipal(actor);
      const cookie = readCookie(request.headers, deps.cookieName());
      if (principal.via !== 'session' || cookie === null) return { status: 200, body: { principal, expires_at: null } };
      const verdict = await deps.validator.checkSession(cookie);
      if (verdict.kind === 'unavailable') throw unavailable(verdict.cause);
      if (verdict.kind === 'invalid') throw new AppError('invalid_session');
      return { status: 200, body: { principal, expires_at: verdict.expiresAt.toISOString() } };
    },

    createSession: async ({ body, request }) => {
      if (!equalsSecret(body.token, deps.adminToken)) throw new AppError('invalid_admin_token');
      const session = await sessions.open(request);
      return {
        status: 200,
        headers: setCookie(deps, request, session),
        body: { status: 'ok', expires_at: session.expiresAt.toISOString() },
      };
    },

    deleteSession: async ({ request }) => {
      checkOrigin(deps, request.headers, 'allowed');
      const cookie = readCookie(request.headers, deps.cookieName());
      if (cookie !== null) await sessions.close(cookie);
      return { status: 200, headers: clearCookie(deps, request), body: { status: 'ok' } };
    },

    listSessions: async ({ actor, request }) => {
      const found = await sessions.list(ownCookie(actor, request));
      const body = found.map((session) => ({
        id: session.id,
        created_at: session.createdAt.toISOString(),
        last_seen_at: session.lastSeenAt.toISOString(),
        expires_at: session.expiresAt.toISOString(),
        user_agent: session.userAgent,
        address: session.address,
        current: session.current,
      }));
      return { status: 200, body: { sessions: body, count: body.length } };
    },

    revokeSession: async ({ params }) => {
      if (!(await sessions.end(params.id))) return refuse('session_not_found');
      return { status: 200, body: { status: 'revoked', id: params.id } };
    },

    revokeOtherSessions: async ({ actor, request }) => {
      const count = await sessions.endOthers(ownCookie(actor, request));
      return { status: 200, body: { status: 'revoked', count } };
    },

    createLoginLink: async ({ request }) => {
      const { url, expiresAt } = await sessions.createLoginLink(deps.publicUrl ?? request.origin);
      return { status: 201, body: { url, expires_at: expiresAt.toISOString() } };
    },

    showLogin: async () => html(200, loginNeededPage()),

    showLoginLink: async ({ params }) => {
      const usable = await sessions.isUsable(params.token ?? '');
      return usable ? html(200, loginPage()) : html(401, loginRefusedPage());
    },

    useLoginLink: async ({ params, request }) => {
      const session = await sessions.exchange(params.token, request);
      if (session) {
        const headers = { ...setCookie(deps, request, session), location: '/app/', 'cache-control': 'no-store' };
        return { status: 303, headers, stream: '' };
      }
      if (readHeader(request.headers, 'accept')?.includes('text/html')) return html(401, loginRefusedPage());
      return refuse('login_link_invalid');
    },
  };
}

function toPrincipal(actor: Actor): { kind: 'admin' | 'workspace'; via: string; workspace_id?: string } {
  switch (actor.kind) {
    case 'admin':
      return { kind: 'admin', via: actor.via };
    case 'workspace':
      return { kind: 'workspace', via: 'workspace_token', workspace_id: actor.id };
    case 'tombstone':
    case 'claimant':
    case 'anonymous':
      // The gate of this route lets none of them in.
      return refuse('admin_auth_required');
    default: {
      const unreachable: never = actor;
      throw new Error(`no principal for actor ${String(unreachable)}`);
    }
  }
}

function html(status: number, page: string): StreamReply {
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
  return { status, headers, stream: page };
}

// Longer than any session: the row in the database decides when it ends, the cookie only carries its id.
const COOKIE_SECONDS = 400 * 24 * 3600;

function setCookie(deps: RouteDeps, request: RequestInfo, session: OpenedSession): Record<string, string> {
  return { 'set-cookie': cookie(deps, request, session.cookie, COOKIE_SECONDS) };
}

function clearCookie(deps: RouteDeps, request: RequestInfo): Record<string, string> {
  return { 'set-cookie': cookie(deps, request, '', 0) };
}

function cookie(deps: RouteDeps, request: RequestInfo, value: string, seconds: number): string {
  const secure = request.origin.startsWith('https://') ? '; Secure' : '';
  return `${deps.cookieName()}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`;
}
