import { randomUUID } from 'node:crypto';

/** A new A2A message id. The only randomness of the CLI. */
export function createMessageId(): string {
  return randomUUID();
}
