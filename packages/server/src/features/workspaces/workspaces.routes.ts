import type { Routes } from '@molecule/contract';
import type { Db } from '../../platform/db.js';
import { AppError } from '../../platform/http/app-error.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Actor } from '../access/index.js';
import type { WorkspaceVerbs } from './workspaces.service.js';
import { findWireRow, listWorkspaces, type TemplateFacts, toPublic } from './workspaces.views.js';

interface RouteDeps {
  readonly verbs: WorkspaceVerbs;
  readonly db: Db;
  readonly templates: TemplateFacts;
  /** Configured public URL; null means: as the caller reached us. */
  readonly publicUrl: string | null;
}

export type WorkspaceHandlers = Pick<
  HandlersFor<Routes, Actor>,
  | 'createWorkspace'
  | 'listWorkspaces'
  | 'getWorkspace'
  | 'getWorkspaceState'
  | 'patchWorkspace'
  | 'putWorkspaceLayout'
  | 'deleteWorkspace'
>;

/** Parse, one call, reply. Rules live in the service, joins in the views. */
export function createWorkspaceHandlers(deps: RouteDeps): WorkspaceHandlers {
  const { verbs, db, templates } = deps;
  return {
    createWorkspace: async ({ body, request }) => {
      const created = await verbs.create(body, deps.publicUrl ?? request.origin);
      if (created.kind === 'external') {
        const { id, status, connection } = created;
        return { status: 201, body: { id, external: true, status, ...(connection ? { connection } : {}) } };
      }
      return {
        status: 201,
        body: {
          id: created.id,
          status: 'provisioning',
          awareness_namespace: `workspace:${created.id}`,
          workspace_access: created.access,
        },
      };
    },

    listWorkspaces: async () => ({ status: 200, body: await listWorkspaces(db, templates) }),

    getWorkspace: async ({ params, query, actor }) => {
      const row = await findWireRow(db, params.id);
      // Only who may see everything learns that another workspace ever existed.
      if (!row) throw new AppError('workspace_not_found');
      if (row.status === 'removed' && !(query.include_removed && actor.kind === 'admin')) {
        throw new AppError('workspace_removed', {
          fields: { id: row.id, removed_at: row.removed_at?.toISOString() ?? null, hint: REMOVED_HINT },
        });
      }
      return { status: 200, body: toPublic(row, templates) };
    },

    getWorkspaceState: async ({ params }) => {
      const row = await findWireRow(db, params.id);
      if (!row) return { status: 404, body: { workspace_id: params.id, deleted: true } };
      if (row.status === 'removed') {
        return { status: 404, body: { workspace_id: row.id, status: 'removed', deleted: true } };
      }
      return {
        status: 200,
        body: { workspace_id: row.id, status: row.status, paused: row.status === 'paused', deleted: false },
      };
    },

    patchWorkspace: async ({ params, body, actor }) => {
      // With its token an agent would choose which folder of the machine is read through this server.
      if (actor.kind !== 'admin' && body.workspace_dir !== undefined) throw new AppError('workspace_dir_refused');
      const { needsRestart } = await verbs.patch(params.id, body);
      return { status: 200, body: { status: 'updated', ...(needsRestart ? { needs_restart: true } : {}) } };
    },

    putWorkspaceLayout: async ({ params, body }) => {
      await verbs.layout(params.id, body);
      return { status: 200, body: { status: 'updated' } };
    },

    deleteWorkspace: async ({ params, query, request }) => {
      const removal = await verbs.remove(params.id, query, request.clientGone);
      if (removal.kind === 'confirmation_required') {
        return {
          status: 409,
          body: {
            status: 'confirmation_required',
            message: `workspace has ${removal.children.length} child workspace(s); repeat with ?confirm=true to remove them as well`,
            children: [...removal.children],
            children_count: removal.children.length,
          },
        };
      }
      return { status: 200, body: { status: removal.kind, cascade_deleted: removal.cascadeDeleted } };
    },
  };
}

const REMOVED_HINT =
  'Regenerate this connection: the workspace was removed. Create a new workspace and take its token from the Tokens tab of the canvas.';
