import { type ErrorCode, parseUuid } from '@molecule/contract';
import { AppError } from '../../platform/http/app-error.js';
import type { GateInput } from '../../platform/http/http-server.js';
import type { Ports } from '../../ports.js';
import type { Actor } from './actor.js';
import { checkReservedCaller, readClaim } from './caller.js';
import { equalHashes, equalsSecret, hashCredential, readBearer, readCookie } from './credentials.js';
import { checkOrigin, type OriginRules } from './origin.js';
import { unavailable, type Validator } from './validator.js';

export interface GateDeps extends OriginRules {
  readonly validator: Validator;
  readonly logger: Pick<Ports['logger'], 'warn'>;
  readonly adminToken: string;
  readonly developmentMode: boolean;
  /** One tenant among others (MOLECULE_ORG_ID). */
  readonly isTenant: boolean;
  /** Whether the `test` routes exist. */
  readonly testTokens: boolean;
  /** Carries the port, so that two servers on one machine do not log each other out. */
  readonly cookieName: () => string;
}

interface GateContext extends GateDeps {
  /** Once in the life of a server: agents would fill the log. */
  readonly noteWorkspaceAsAdmin: (workspaceId: string) => void;
}

/**
 * Decides who is calling, by the access kind of the route (contract registry-a2a §2.5–2.9, design §9). One order holds
 * everywhere: a bearer alone decides when there is one and never falls through (B-08), then the session cookie, then
 * development mode.
 */
export function createGate(deps: GateDeps): (input: GateInput) => Promise<Actor> {
  const adminHash = hashCredential(deps.adminToken);
  let warned = false;
  const noteWorkspaceAsAdmin = (workspaceId: string): void => {
    if (warned) return;
    warned = true;
    const text =
      'a workspace token was let in as an administrator, as development mode has it; set ADMIN_TOKEN to end that';
    deps.logger.warn({ workspace: workspaceId }, text);
  };
  const context: GateContext = { ...deps, noteWorkspaceAsAdmin };
  return async (input) => {
    switch (input.access) {
      case 'open':
        return { kind: 'anonymous' };
      case 'self':
        return claimed(context, adminHash, input);
      case 'caller':
        return calling(context, input);
      case 'own':
        return owning(context, input);
      case 'test':
        return testing(context, input);
      case 'admin':
      case 'workspace':
      case 'discovery':
      case 'credential': {
        const bearer = readBearer(input.headers);
        return bearer === null ? withoutBearer(context, input, input.access) : withBearer(context, input, bearer);
      }
      default: {
        const unreachable: never = input.access;
        throw new Error(`no gate for access kind ${String(unreachable)}`);
      }
    }
  };
}

type BearerAccess = 'admin' | 'workspace' | 'discovery' | 'credential';

const MISSING: Readonly<Record<BearerAccess, ErrorCode>> = {
  admin: 'admin_auth_required',
  workspace: 'missing_workspace_token',
  discovery: 'missing_workspace_token',
  credential: 'admin_auth_required',
};

async function withBearer(deps: GateContext, input: GateInput, bearer: string): Promise<Actor> {
  if (equalsSecret(bearer, deps.adminToken)) return { kind: 'admin', via: 'admin_token' };
  const verdict = await deps.validator.checkToken(bearer);
  if (verdict.kind === 'unavailable') throw unavailable(verdict.cause);
  if (verdict.kind === 'org') return { kind: 'admin', via: 'org_token', token: verdict.token };
  if (input.access === 'admin') {
    // The predecessor let any workspace token in while no ADMIN_TOKEN was set; its scripts rely on it. Never on a tenant.
    if (verdict.kind === 'ok' && deps.developmentMode && !deps.isTenant) {
      deps.noteWorkspaceAsAdmin(verdict.workspaceId);
      return { kind: 'admin', via: 'development' };
    }
    throw new AppError('invalid_admin_token');
  }
  const subject = parseUuid(input.params.id ?? '');
  if (verdict.kind === 'ok') {
    // The subject of a discovery route is not always in its path, so its handler compares (contract §2.9).
    if (input.access !== 'workspace' || verdict.workspaceId === subject) {
      return { kind: 'workspace', id: verdict.workspaceId };
    }
  }
  if (verdict.kind === 'removed' && input.tombstones && verdict.workspaceId === subject) {
    return { kind: 'tombstone', id: verdict.workspaceId };
  }
  throw new AppError('invalid_workspace_token');
}

/** `own`: what is asked for is for that agent alone. No session, no admin and no development mode opens it. */
async function owning(deps: GateDeps, input: GateInput): Promise<Actor> {
  const bearer = readBearer(input.headers);
  if (bearer === null) throw new AppError('missing_workspace_token');
  const verdict = await deps.validator.checkToken(bearer);
  if (verdict.kind === 'unavailable') throw unavailable(verdict.cause);
  if (verdict.kind === 'ok' && verdict.workspaceId === parseUuid(input.params.id ?? '')) {
    return { kind: 'workspace', id: verdict.workspaceId };
  }
  throw new AppError('invalid_workspace_token');
}

/** `test`: the admin token itself; no org token, workspace or session stands in for it (contract §3.7). */
async function testing(deps: GateContext, input: GateInput): Promise<Actor> {
  if (!deps.testTokens) throw new AppError('route_not_found');
  const bearer = readBearer(input.headers);
  if (bearer !== null && equalsSecret(bearer, deps.adminToken)) return { kind: 'admin', via: 'admin_token' };
  if (!deps.developmentMode) throw new AppError('admin_auth_required');
  if (bearer !== null) return withBearer(deps, { ...input, access: 'admin' }, bearer);
  checkOpenOrigin(deps, input);
  return { kind: 'admin', via: 'development' };
}

async function withoutBearer(deps: GateDeps, input: GateInput, access: BearerAccess): Promise<Actor> {
  const session = await findSessionActor(deps, input);
  if (session) return session;
  if (deps.developmentMode) {
    checkOpenOrigin(deps, input);
    return { kind: 'admin', via: 'development' };
  }
  if (access === 'discovery' && readCookie(input.headers, deps.cookieName()) !== null)
    throw new AppError('invalid_session');
  throw new AppError(MISSING[access]);
}

/** `self`: what was presented is handed on unjudged, except where it is an admin's. Every heartbeat passes here. */
async function claimed(deps: GateDeps, adminHash: Buffer, input: GateInput): Promise<Actor> {
  const bearer = readBearer(input.headers);
  const tokenHash = bearer === null ? null : hashCredential(bearer);
  if (tokenHash === null) {
    const session = await findSessionActor(deps, input);
    if (session) return session;
    checkOpenOrigin(deps, input);
  } else if (equalHashes(tokenHash, adminHash)) {
    return { kind: 'admin', via: 'admin_token' };
  }
  return { kind: 'claimant', id: parseUuid(subjectOf(input.body)), tokenHash };
}

/** The body has passed its schema; `workspace_id` is also an alias of `id` in a registration. */
function subjectOf(body: unknown): string {
  const { id, workspace_id: alias } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  if (typeof id === 'string' && id !== '') return id;
  return typeof alias === 'string' ? alias : '';
}

/** `caller`: messages and the live socket. For whom somebody may speak is decided later, by `resolveCaller`. */
async function calling(deps: GateDeps, input: GateInput): Promise<Actor> {
  // The socket is the only one of these routes that is read, and the contract gives it the texts of a workspace gate.
  const socket = input.method === 'GET';
  if (!socket) checkReservedCaller(input.headers);
  const bearer = readBearer(input.headers);
  if (bearer !== null) {
    if (equalsSecret(bearer, deps.adminToken)) return { kind: 'admin', via: 'admin_token' };
    const verdict = await deps.validator.checkToken(bearer);
    if (verdict.kind === 'unavailable') throw unavailable(verdict.cause);
    if (verdict.kind === 'org') return { kind: 'admin', via: 'org_token', token: verdict.token };
    if (verdict.kind === 'ok') return { kind: 'workspace', id: verdict.workspaceId };
    throw new AppError(socket ? 'invalid_workspace_token' : 'invalid_caller_token');
  }
  const session = await findSessionActor(deps, input);
  if (session) return session;
  if (deps.developmentMode) {
    checkOpenOrigin(deps, input);
    return { kind: 'anonymous' };
  }
  if (readClaim(input.headers) === null) throw new AppError('admin_auth_required');
  throw new AppError(socket ? 'missing_workspace_token' : 'missing_caller_token');
}

/** An invalid cookie is nothing: it may stem from a server that ran on this port before. */
async function findSessionActor(deps: GateDeps, input: GateInput): Promise<Actor | null> {
  const cookie = readCookie(input.headers, deps.cookieName());
  if (cookie === null) return null;
  const verdict = await deps.validator.checkSession(cookie);
  if (verdict.kind === 'unavailable') throw unavailable(verdict.cause);
  if (verdict.kind === 'invalid') return null;
  checkOrigin(deps, input.headers, changesOrListens(input) ? 'refused' : 'allowed');
  return { kind: 'admin', via: 'session' };
}

/** Without any credential a foreign page could act for whoever has it open, so its Origin is refused here as well. */
function checkOpenOrigin(deps: GateDeps, input: GateInput): void {
  checkOrigin(deps, input.headers, 'allowed');
}

/** With these browsers always name the page; with a plain GET they name it only when it is another's. */
function changesOrListens(input: GateInput): boolean {
  return input.method !== 'GET' || input.access === 'caller';
}
