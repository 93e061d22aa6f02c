import { JsonRpcTransportError } from '@a2a-js/sdk/errors';

/**
 * JSON-RPC code for "not now". Sent with HTTP 503 and `Retry-After`, so that the platform queues instead of failing.
 * From the range JSON-RPC leaves to servers.
 */
export const BUSY_CODE = -32000;
/** A turn that ended in failure; the contract wants an `error` object in a 200 (registry-a2a §8.7). */
export const TURN_FAILED_CODE = -32603;
export const BUSY_RETRY_AFTER_SECONDS = 5;

export function rpcError(
  code: number,
  message: string,
  data: Readonly<Record<string, unknown>>,
): JsonRpcTransportError {
  // The SDK types `data` as a record it only copies.
  return new JsonRpcTransportError({ jsonrpc: '2.0', id: null, error: { code, message, data: { ...data } } });
}
