import type { Metrics } from '../../platform/metrics.js';
import type { EndedMessage } from './ledger.types.js';

const KINDS = ['chat', 'peer', 'delegation', 'system'] as const;

export interface MessageMetrics {
  readonly countEnded: (ended: readonly EndedMessage[]) => void;
}

export function createMessageMetrics(metrics: Metrics): MessageMetrics {
  const ended = metrics.counter({
    name: 'molecule_messages_ended_total',
    help: 'Messages that have ended, by kind and by how.',
    labels: { kind: KINDS, state: ['completed', 'input_required', 'failed', 'canceled', 'stuck'] },
  });
  return {
    countEnded(rows) {
      for (const { kind, state } of rows) ended.inc({ kind, state });
    },
  };
}
