import type { Random } from '../../platform/random.js';
import { hashCredential } from './credentials.js';

export interface Minted {
  readonly id: string;
  /** The plaintext: returned exactly once, never stored or logged (contract registry-a2a §2.2). */
  readonly token: string;
  readonly hash: Buffer;
  /** By which a person recognises it. */
  readonly prefix: string;
}

const TOKEN_BYTES = 32;
const PREFIX_LENGTH = 8;

/** A fresh credential of any kind, and what is stored of it. */
export function mintCredential(random: Pick<Random, 'token' | 'uuidv7'>): Minted {
  const token = random.token(TOKEN_BYTES);
  return { id: random.uuidv7(), token, hash: hashCredential(token), prefix: token.slice(0, PREFIX_LENGTH) };
}
