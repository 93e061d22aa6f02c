/** The server waits up to 10 s for instances to stop before it answers a verb that reports it. */
export const STOP_WAIT_MS = 30_000;
