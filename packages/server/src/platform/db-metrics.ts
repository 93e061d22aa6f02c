import type { DatabaseHandle } from './db.js';
import type { Metrics } from './metrics.js';

/** Shows how busy each lane of the database is. `waiting` counts callers that have no connection yet. */
export function observeConnections(metrics: Metrics, database: Pick<DatabaseHandle, 'stats'>): void {
  metrics.gauge({
    name: 'molecule_db_connections',
    help: 'Database connections by lane: idle, busy, and callers waiting for one.',
    labels: { lane: ['health', 'control', 'work'], state: ['idle', 'busy', 'waiting'] },
    read({ lane, state }) {
      const { total, idle, waiting } = database.stats()[lane];
      switch (state) {
        case 'idle':
          return idle;
        case 'busy':
          return total - idle;
        case 'waiting':
          return waiting;
        default:
          return state satisfies never;
      }
    },
  });
}
