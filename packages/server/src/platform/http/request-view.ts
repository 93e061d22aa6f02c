import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestInfo } from './handlers.js';

/** A class, because a getter costs nothing on a prototype and an object literal makes new ones for every request. */
export class RequestView implements RequestInfo {
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  #gone: AbortController | null = null;

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.#request = request;
    this.#reply = reply;
  }

  get id(): string {
    return this.#request.id;
  }

  get headers(): RequestInfo['headers'] {
    return this.#request.headers;
  }

  get address(): string {
    return this.#request.ip;
  }

  /**
   * As a proxy tells it, when the proxy is one of ours: configured, or on this machine. It ends up in links, and in lines
   * that people paste beside a token, so a stranger must not choose it.
   */
  get origin(): string {
    const { headers, protocol, host, socket } = this.#request;
    if (!isOnThisMachine(socket.remoteAddress)) return `${protocol}://${host}`;
    const proto = forwarded(headers['x-forwarded-proto']) ?? protocol;
    return `${proto}://${forwarded(headers['x-forwarded-host']) ?? headers.host ?? ''}`;
  }

  /** Made on first use: most handlers never ask, and a listener on every request costs. */
  get clientGone(): AbortSignal {
    if (!this.#gone) {
      const controller = new AbortController();
      this.#gone = controller;
      const { raw } = this.#reply;
      raw.once('close', () => {
        if (!raw.writableFinished) controller.abort();
      });
    }
    return this.#gone.signal;
  }
}

function isOnThisMachine(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}

function forwarded(value: string | string[] | undefined): string | null {
  const text = Array.isArray(value) ? value[0] : value?.split(',')[0];
  return text?.trim() || null;
}
