/**
 * Why the process ended, told to whoever supervises it. The values are part of the agreement with the process driver:
 * 78 is not worth a retry, 76 means "a newer generation owns this workspace", 75 means "start me again later".
 */
export const EXIT = {
  stopped: 0,
  crashed: 1,
  contactLost: 75,
  revoked: 76,
  misconfigured: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The runtime cannot start as configured. `message` is one sentence that names the cause and the remedy. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
  readonly exitCode = EXIT.misconfigured;
}
