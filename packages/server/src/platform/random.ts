import { randomBytes, randomUUID } from 'node:crypto';
import { uuidv7 } from 'uuidv7';

/** Randomness as a dependency, so that tests can fix it. The only file of the server that draws random values. */
export interface Random {
  /** A UUIDv4. Workspace ids use it because clients name files and containers after their first 8 to 12 characters. */
  uuid(): string;
  /** A UUIDv7 for every other id: sorts roughly by creation, which keeps indexes compact. Never a cursor. */
  uuidv7(): string;
  /** `bytes` bytes of cryptographic randomness in base64url: tokens, passwords, one-time codes. */
  token(bytes: number): string;
  /** A number in [0, 1) for jitter. Not for secrets. */
  fraction(): number;
}

export function createRandom(): Random {
  return {
    uuid: () => randomUUID(),
    uuidv7: () => uuidv7(),
    token: (bytes) => randomBytes(bytes).toString('base64url'),
    fraction: () => Math.random(),
  };
}
