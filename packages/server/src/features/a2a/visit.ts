import type { Ports } from '../../ports.js';
import type { TaskScope } from '../messages/index.js';
import type { WorkspaceCard } from '../workspaces/index.js';

/** One request to the endpoint of a workspace, by somebody who may talk to it. */
export interface Visit {
  readonly target: WorkspaceCard;
  /** The workspace that speaks; null is a person. */
  readonly callerId: string | null;
  /** The tasks that this caller may see. */
  readonly scope: TaskScope;
  /** Of this server as the caller reaches it, without a slash at its end. */
  readonly origin: string;
  readonly requestId: string;
  readonly clientGone: AbortSignal;
}

export type EndpointPorts = Pick<Ports, 'lanes' | 'clock' | 'random' | 'logger' | 'supervisor'>;
