import type { Static, TSchema } from 'typebox';
import type { ErrorCode } from './errors.js';
import type { Param } from './query.js';

/**
 * Who may call a route. The server maps each kind to one gate; the authorisation matrix test enumerates them.
 *
 * - `open`       nobody is asked; the list of open routes is fixed by design §9
 * - `admin`      admin token, org token, session; in development mode everybody (contract registry-a2a §2.6)
 * - `workspace`  the workspace named by `:id` with its own token, or an admin (§2.5)
 * - `own`        the workspace named by `:id` with its own token, and nobody else (contract lifecycle §4.3)
 * - `self`       the workspace named in the body with its own token (§2.8)
 * - `discovery`  the workspace named by `:id` or X-Workspace-ID with its own token, or an admin (§2.9)
 * - `caller`     decided by the message rules: who speaks for whom (§8.2)
 * - `credential` any valid credential
 * - `test`       the admin token itself; in development mode everybody; does not exist in production (§3.7)
 */
export type Access = 'open' | 'admin' | 'workspace' | 'own' | 'self' | 'discovery' | 'caller' | 'credential' | 'test';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RouteSpec {
  readonly method: Method;
  /** `:name` parameters, and `*name` for the rest of the path at its end, must be described in `params`. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /** Also answers the revoked token of a removed workspace about that very workspace (design §9). */
  readonly tombstones?: boolean;
  /**
   * `exempt` routes are never counted: probes must not be refused by the limiter. `minting` ones count besides by address
   * and hour: what they hand out opens every door (contract registry-a2a §1.3).
   */
  readonly rate: 'default' | 'exempt' | 'minting';
  /** Answers also whoever does not know the tenant's org id, at exactly this path (contract registry-a2a §1.4). */
  readonly tenantOpen?: true;
  readonly params?: Readonly<Record<string, Param<unknown>>>;
  readonly query?: Readonly<Record<string, Param<unknown>>>;
  /** Validated without coercion, removal or defaults. Unknown fields pass (design §13). */
  readonly body?: TSchema;
  /** The whole body may be absent (then it is `{}`). */
  readonly bodyOptional?: boolean;
  /** A body that is not JSON, or does not match, counts as `{}` instead of being refused (contract lifecycle §2.2). */
  readonly bodyLenient?: boolean;
  /** Refusal when the body is not JSON or does not match `body`. */
  readonly invalidBody?: ErrorCode;
  readonly bodyLimitBytes?: number;
  /** Refusal of a body above the limit, where the contract has a text of its own for it. */
  readonly tooLarge?: ErrorCode;
  /** Success bodies by status. */
  readonly responses: Readonly<Record<number, TSchema>>;
  /** Refusals a caller of this route should know, besides those of its access kind. */
  readonly errors: readonly ErrorCode[];
  /** `error` text of an unexpected failure, where the contract fixes one. */
  readonly failedText?: string;
  /** The answer is not one JSON body. */
  readonly stream?: 'sse' | 'websocket' | 'text' | 'file';
  /** Where this comes from: a contract section, or `new` for our own additions. */
  readonly source: string;
}

/** Declares a route and keeps its literal types, from which handlers and clients are typed. */
export function route<const R extends RouteSpec>(spec: R): R {
  return spec;
}

type ValuesOf<P> =
  P extends Readonly<Record<string, Param<unknown>>>
    ? { readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never }
    : Record<string, never>;

export type ParamsOf<R extends RouteSpec> = ValuesOf<R['params']>;
export type QueryOf<R extends RouteSpec> = ValuesOf<R['query']>;
export type BodyOf<R extends RouteSpec> = R['body'] extends TSchema ? Static<R['body']> : undefined;
/** One of the declared success answers, with its status. */
export type ReplyOf<R extends RouteSpec> = {
  [S in keyof R['responses'] & number]: { readonly status: S; readonly body: Static<R['responses'][S]> };
}[keyof R['responses'] & number];
