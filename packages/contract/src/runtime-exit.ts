/**
 * Why the process of an agent ended, told by our runtime to the driver that started it. A module of its own: the runtime
 * must not load every route for five numbers.
 */
export const RUNTIME_EXIT = {
  stopped: 0,
  crashed: 1,
  /** Start me again later. */
  contactLost: 75,
  /** A newer generation owns this workspace, or it was removed. */
  revoked: 76,
  /** Not worth a retry: somebody must change something first. */
  misconfigured: 78,
} as const;

export type RuntimeExitCode = (typeof RUNTIME_EXIT)[keyof typeof RUNTIME_EXIT];
