import type { Readable } from 'node:stream';
import type { BodyOf, ParamsOf, QueryOf, ReplyOf, RouteSpec } from '@molecule/contract';
import type { WebSocket } from 'ws';

/** What a handler may know of the request besides its parsed parts. */
export interface RequestInfo {
  readonly id: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly address: string;
  /** Scheme and host under which the caller reached this server, without a trailing slash. */
  readonly origin: string;
  /** Aborts when the client goes away before the answer is complete. */
  readonly clientGone: AbortSignal;
}

export interface RouteContext<R extends RouteSpec, Actor> {
  readonly params: ParamsOf<R>;
  readonly query: QueryOf<R>;
  readonly body: BodyOf<R>;
  readonly actor: Actor;
  readonly request: RequestInfo;
}

/** An answer that is not one JSON body: bytes as they come, or a socket. */
export interface StreamReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: Readable | string;
}

export interface UpgradeReply {
  readonly upgrade: (socket: WebSocket) => void;
}

type StreamOf<R extends RouteSpec> = R['stream'] extends 'websocket'
  ? UpgradeReply
  : R['stream'] extends string
    ? StreamReply
    : never;

interface ReplyExtras {
  readonly headers?: Readonly<Record<string, string>>;
  /** The caller is answered kindly although its credential was worth nothing: the limiter counts it as a refusal. */
  readonly unproven?: boolean;
}

export type HandlerReply<R extends RouteSpec> = (ReplyOf<R> & ReplyExtras) | StreamOf<R>;

export type Handler<R extends RouteSpec, Actor> = (context: RouteContext<R, Actor>) => Promise<HandlerReply<R>>;

/** One handler per declared route. `satisfies HandlersFor<typeof routes>` makes a missing or extra one a type error. */
export type HandlersFor<T extends Readonly<Record<string, RouteSpec>>, Actor> = {
  readonly [K in keyof T]: Handler<T[K], Actor>;
};
