/**
 * Who tells an agent that its workspace was restarted (contract lifecycle §2.8). The server sends it as the caller and
 * refuses it from everybody else, so that an agent can rely on it.
 */
export const RESTART_CONTEXT_CALLER = 'system:restart-context';

/** The metadata of that message. */
export const RESTART_CONTEXT_METADATA = {
  source: 'platform',
  kind: 'restart_context',
  layer: 1,
  restart_context: true,
} as const;
