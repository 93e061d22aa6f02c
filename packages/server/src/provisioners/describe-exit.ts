import { RUNTIME_EXIT } from '@molecule/contract/runtime-exit';

/** What our runtime means by its codes; other programs may mean anything, so the number is told as well. */
const MEANINGS: Readonly<Record<number, string>> = {
  [RUNTIME_EXIT.contactLost]: 'it had no contact with this server for too long',
  [RUNTIME_EXIT.revoked]: 'this server no longer accepted its token',
  [RUNTIME_EXIT.misconfigured]: 'it cannot run as configured',
};

/** How a process ended, as the rest of a sentence about it: "ended with code 1", `when` inserted. */
export function describeExit(
  { code, signal }: { readonly code: number | null; readonly signal: string | null },
  when = '',
): string {
  if (signal !== null) return `ended by signal ${signal}${when}`;
  if (code === null) return `ended for an unknown reason${when}`;
  const meaning = MEANINGS[code];
  return `ended with code ${code}${when}${meaning === undefined ? '' : `: ${meaning}`}`;
}
