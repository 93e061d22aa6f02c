import { randomUUID } from 'node:crypto';

/** A new A2A message id. */
export function createMessageId(): string {
  return randomUUID();
}

/** A name that no other process takes for a file of its own. */
export function createDraftName(): string {
  return randomUUID();
}
