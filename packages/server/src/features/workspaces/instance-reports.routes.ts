import type { Routes } from '@molecule/contract';
import type { Db } from '../../platform/db.js';
import { refuse } from '../../platform/http/app-error.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Actor } from '../access/index.js';
import type { InstanceReports } from './instance-reports.js';
import { findWorkspaceConfig, mergeWorkspaceConfig } from './workspace-config.store.js';

const CONFIG_BYTES_MAX = 256 * 1024;

export type ReportHandlers = Pick<
  HandlersFor<Routes, Actor>,
  'reportBootstrapFailed' | 'getConsole' | 'getWorkspaceLogs' | 'getWorkspaceConfig' | 'patchWorkspaceConfig'
>;

/** What others say about a workspace, and what they keep for it. */
export function createReportHandlers(db: Db, reports: InstanceReports): ReportHandlers {
  return {
    reportBootstrapFailed: async ({ params, body }) => {
      const changed = await reports.bootstrapFailed(params.id, body);
      return { status: 200, body: changed ? { ok: true } : { ok: true, no_change: true } };
    },
    getConsole: async ({ params }) => ({ status: 200, body: { output: await reports.console(params.id) } }),
    getWorkspaceLogs: async ({ params, query }) => {
      const page = await reports.logs(params.id, query.limit, query.after || null);
      if (page === null) return { status: 200, body: { lines: [], cursor: '', available: false } };
      return { status: 200, body: { lines: [...page.lines], cursor: page.cursor, available: true } };
    },
    getWorkspaceConfig: async ({ params }) => ({
      status: 200,
      body: { data: { ...(await findWorkspaceConfig(db, params.id)) } },
    }),
    patchWorkspaceConfig: async ({ params, body }) => {
      const outcome = await mergeWorkspaceConfig(db, params.id, body, CONFIG_BYTES_MAX);
      if (outcome === 'no_workspace') refuse('workspace_not_found');
      if (outcome === 'too_large') refuse('config_too_large');
      return { status: 200, body: { status: 'updated' } };
    },
  };
}
