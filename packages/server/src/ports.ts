import type { Transition, TransitionOutcome } from './features/workspaces/index.js';
import type { Clock } from './platform/clock.js';
import type { Commit } from './platform/commit.js';
import type { Lanes } from './platform/db.js';
import type { EventFeed } from './platform/event-feed.js';
import type { Logger } from './platform/logger.js';
import type { Metrics } from './platform/metrics.js';
import type { Random } from './platform/random.js';
import type { Supervisor } from './platform/supervisor.js';
import type { Transact } from './platform/transact.js';

/** What features are built on. A feature names the members it uses: `Pick<Ports, 'lanes' | 'clock'>`. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly supervisor: Supervisor;
  readonly lanes: Lanes;
  readonly transact: Transact;
  readonly commit: Commit<Transition, TransitionOutcome>;
  readonly feed: EventFeed;
}
