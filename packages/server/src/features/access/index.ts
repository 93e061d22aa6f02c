import type { GateInput } from '../../platform/http/http-server.js';
import type { RequestHead } from '../../platform/http/rate-limit.js';
import type { Ports } from '../../ports.js';
import { type AccessHandlers, createAccessHandlers } from './access.routes.js';
import type { Actor } from './actor.js';
import { type ClaimRefusals, resolveClaim } from './caller.js';
import { type RequestHeaders, readBearer, readCookie } from './credentials.js';
import { createGate } from './gate.js';
import { createOrgTokens } from './org-tokens.js';
import { createOrgTokenHandlers, type OrgTokenHandlers } from './org-tokens.routes.js';
import { createSessions } from './sessions.js';
import { createUseMarks } from './use-marks.js';
import { createValidator } from './validator.js';
import { createWorkspaceTokens, type WorkspaceTokens } from './workspace-tokens.js';

export type { Actor } from './actor.js';
export type { ClaimRefusals } from './caller.js';
export { equalsSecret, type RequestHeaders, readBearer, readHeader } from './credentials.js';
export { unavailable } from './validator.js';
export type { WorkspaceTokens } from './workspace-tokens.js';
export { createWorkspaceTokenHandlers } from './workspace-tokens.routes.js';

export interface AccessDeps extends Pick<Ports, 'lanes' | 'random' | 'supervisor' | 'logger'> {
  readonly adminToken: string;
  /** Opens what design §9 lists for it; loopback only, which is the composition root's to ensure. */
  readonly developmentMode: boolean;
  /** Whether test scripts may fetch tokens (contract registry-a2a §3.7). */
  readonly testTokens: boolean;
  /** One tenant among others (MOLECULE_ORG_ID). */
  readonly isTenant: boolean;
  readonly cookieName: () => string;
  /** Origins of others whose pages may act with a person's session, in lower case. */
  readonly trustedOrigins: readonly string[];
  readonly publicUrl: string | null;
}

export interface Access {
  /** Decides who is calling a route; throws the refusal of its access kind. */
  gate(input: GateInput): Promise<Actor>;
  /** For whom the sender of a message speaks; null is a person (contract registry-a2a §8.2). */
  resolveCaller(input: {
    readonly actor: Actor;
    readonly headers: RequestHeaders;
    readonly targetId: string;
  }): Promise<{ callerId: string | null }>;
  /** The same rules with the refusals of another door. */
  resolveClaim(actor: Actor, headers: RequestHeaders, refusals: ClaimRefusals): Promise<string | null>;
  readonly tokens: WorkspaceTokens;
  /** The credential by which a request is counted, null when it presents none. It is not judged here. */
  rateKeyOf(head: RequestHead): string | null;
  /** A fresh one-time link, as main.ts prints it. */
  createLoginLink(baseUrl: string): Promise<string>;
  readonly handlers: AccessHandlers & OrgTokenHandlers;
}

const CALLER_REFUSALS: ClaimRefusals = { missing: 'missing_caller_token', invalid: 'invalid_caller_token' };

/** Identity: who calls, with which right, and the credentials that prove it (design §9). */
export function createAccess(deps: AccessDeps): Access {
  const db = deps.lanes.control;
  const marks = createUseMarks({ supervisor: deps.supervisor, db: deps.lanes.work });
  const validator = createValidator(db, marks);
  const sessions = createSessions(deps);
  return {
    gate: createGate({ ...deps, validator }),
    resolveCaller: async ({ actor, headers }) => ({
      callerId: await resolveClaim(db, actor, headers, CALLER_REFUSALS),
    }),
    resolveClaim: (actor, headers, refusals) => resolveClaim(db, actor, headers, refusals),
    tokens: createWorkspaceTokens(deps, marks),
    // The credential itself: it never leaves the limiter's memory, and a hash per request would be its dearest part.
    rateKeyOf: ({ headers }) => readBearer(headers) ?? readCookie(headers, deps.cookieName()),
    createLoginLink: async (baseUrl) => (await sessions.createLoginLink(baseUrl)).url,
    handlers: {
      ...createAccessHandlers({ ...deps, sessions, validator }),
      ...createOrgTokenHandlers(createOrgTokens(deps)),
    },
  };
}
