import { lookup } from 'node:dns/promises';
import type { ResolvedAddress } from './url-guard.js';

/** The system's own resolver, hosts file included, because that is what a connection would use. */
export async function resolveName(name: string): Promise<readonly ResolvedAddress[]> {
  const found = await lookup(name, { all: true, verbatim: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}
