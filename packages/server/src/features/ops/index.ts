import type { Routes } from '@molecule/contract';
import { openApiDocument } from '@molecule/contract/openapi';
import { AppError } from '../../platform/http/app-error.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import { type Actor, equalsSecret, readBearer } from '../access/index.js';
import { createDatabaseState } from './database-state.js';
import { docsPage } from './docs.page.js';

export interface OpsDeps extends Pick<Ports, 'lanes' | 'supervisor' | 'logger' | 'metrics' | 'clock'> {
  readonly version: string;
  /** Commit this was built from; `dev` when unknown. */
  readonly gitSha: string;
  /** Null leaves /metrics open. */
  readonly metricsToken: string | null;
  readonly isDraining: () => boolean;
}

export interface Ops {
  readonly handlers: Pick<
    HandlersFor<Routes, Actor>,
    'health' | 'readyz' | 'buildinfo' | 'metrics' | 'openapi' | 'docs' | 'adminLiveness'
  >;
}

/** What operators and their tools ask (contract registry-a2a §13). */
export function createOps(deps: OpsDeps): Ops {
  const { clock, version } = deps;
  const startedMs = clock.monotonicMs();
  const database = createDatabaseState(deps);
  declareSweepCounters(deps.metrics);
  return {
    handlers: {
      // Says what is known and asks nobody: a slow database must not look like a dead process.
      health: async () => {
        const seconds = Math.floor((clock.monotonicMs() - startedMs) / 1000);
        return {
          status: 200,
          body: { status: 'ok', version, uptime: `${seconds}s`, database: database.known() },
        };
      },

      readyz: async () => {
        if (deps.isDraining()) throw new AppError('shutting_down');
        if (!(await database.isAnswering())) throw new AppError('platform_unavailable');
        return { status: 200, body: { status: 'ready' } };
      },

      buildinfo: async () => ({ status: 200, body: { git_sha: deps.gitSha, version } }),

      metrics: async ({ request }) => {
        if (deps.metricsToken !== null) {
          const bearer = readBearer(request.headers);
          if (bearer === null || !equalsSecret(bearer, deps.metricsToken)) throw new AppError('metrics_token_required');
        }
        const { body, contentType } = await deps.metrics.scrape();
        return { status: 200, headers: { 'content-type': contentType }, stream: body };
      },

      openapi: async ({ request }) => ({
        status: 200,
        body: openApiDocument({ version, serverUrl: request.origin }),
      }),

      docs: async () => ({
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        stream: docsPage(version),
      }),

      adminLiveness: async () => ({ status: 200, body: { subsystems: deps.supervisor.liveness() } }),
    },
  };
}

/**
 * The contract promises these from the first scrape (registry-a2a §13), and alerts are built on their presence. This
 * server has neither sweep yet, so zero is the truth; the sweep that comes declares its counter itself.
 */
function declareSweepCounters(metrics: OpsDeps['metrics']): void {
  metrics.counter({
    name: 'molecule_phantom_busy_resets_total',
    help: 'Workspaces whose count of running tasks was reset because nothing ran.',
    labels: {},
  });
  metrics.counter({
    name: 'molecule_pending_uploads_swept_total',
    help: 'Uploads that were staged for a polling workspace and have been removed, by why.',
    labels: { outcome: ['acked', 'expired', 'error'] },
  });
}
