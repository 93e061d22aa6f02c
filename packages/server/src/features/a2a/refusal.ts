import { JsonRpcTransportError } from '@a2a-js/sdk/errors';
import type { Logger } from 'pino';
import { toErrorReply } from '../../platform/http/error-reply.js';

/** JSON-RPC leaves this range to servers: what the protocol has no code for. */
export const REFUSED_CODE = -32000;

/** One of this server's own refusals, for clients that expect the errors of the protocol. */
export class Refusal extends JsonRpcTransportError {
  /** Of the same refusal on any other route. */
  readonly httpStatus: number;
  readonly httpHeaders: Readonly<Record<string, string>>;
  readonly details: readonly Readonly<Record<string, unknown>>[];

  constructor(reply: ReturnType<typeof toErrorReply>) {
    const { error, code, retry, help, ...fields } = reply.body;
    const text = [error, help].filter((part) => typeof part === 'string' && part !== '').join('. ');
    super({ jsonrpc: '2.0', id: null, error: { code: REFUSED_CODE, message: text.replaceAll('..', '.') } });
    this.httpStatus = reply.status;
    this.httpHeaders = reply.headers;
    // ErrorInfo's metadata holds texts only.
    const metadata = Object.fromEntries(
      Object.entries({ retry, ...fields }).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    );
    const reason = String(code).toUpperCase();
    this.details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'molecule', metadata }];
  }
}

/** Brings whatever was thrown into the errors of the protocol. Nothing internal leaks: a defect shows only an id. */
export function toProtocolError(error: unknown, requestId: string, logger: Logger): unknown {
  if (isProtocolError(error)) return error;
  const reply = toErrorReply(error, undefined, requestId);
  if (reply.bug) logger.error({ reqId: requestId, err: error }, 'an A2A request failed unexpectedly');
  return new Refusal(reply);
}

/** The SDK's bundles each bring their own classes, so that only what every one of them has tells. */
function isProtocolError(error: unknown): boolean {
  return error instanceof Error && 'toErrorInfo' in error && typeof error.toErrorInfo === 'function';
}
