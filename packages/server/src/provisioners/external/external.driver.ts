import type { Clock } from '../../platform/clock.js';
import type { Driver } from '../shared-semantics.js';

/**
 * Agents that run wherever their owner started them. There is nothing to start, end, list or delete, so by definition
 * the record on the row is the whole truth: `running` while the row holds one, `absent` when it does not. Whether the
 * agent really answers is for heartbeats to tell, and whether a stopped one may still speak is for its token, which the
 * control plane revokes. No token is issued here: the owner gets one from the connect dialog.
 */
export function createExternalDriver(options: { readonly clock: Clock }): Driver {
  return {
    kind: 'external',
    capabilities: { runsInstances: false, hostBound: false, stopsWithServer: false },
    console: null,
    files: null,
    installs: null,
    async start(spec) {
      return {
        kind: 'external',
        hostId: null,
        instanceId: `external-${spec.workspaceId}-${spec.generation}`,
        generation: spec.generation,
        url: null,
        platformUrl: null,
        startedAt: options.clock.now().toISOString(),
        handle: {},
      };
    },
    async stop() {},
    async destroy() {},
    async inspect(_workspaceId, record) {
      return record === null || record.kind !== 'external' ? { state: 'absent' } : { state: 'running', record };
    },
    async list() {
      return [];
    },
    onExit() {
      return () => {};
    },
    async close() {},
  };
}
