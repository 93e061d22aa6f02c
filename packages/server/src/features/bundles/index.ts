import type { Routes } from '@molecule/contract';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Actor } from '../access/index.js';
import { type ExportDeps, exportBundle } from './bundle-export.js';
import { type ImportDeps, importBundle } from './bundle-import.js';

export type BundlesDeps = ExportDeps & ImportDeps;

/** Workspaces as files, to be carried from server to server (contract lifecycle §9). */
export function createBundleHandlers(
  deps: BundlesDeps,
): Pick<HandlersFor<Routes, Actor>, 'exportBundle' | 'importBundle'> {
  return {
    exportBundle: async ({ params }) => ({ status: 200, body: await exportBundle(deps, params.id) }),
    importBundle: async ({ body }) => ({ status: 201, body: await importBundle(deps, body) }),
  };
}
