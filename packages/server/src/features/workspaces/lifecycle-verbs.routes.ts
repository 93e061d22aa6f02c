import type { Routes } from '@molecule/contract';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Actor } from '../access/index.js';
import type { LifecycleVerbs } from './lifecycle-verbs.service.js';

export type LifecycleHandlers = Pick<
  HandlersFor<Routes, Actor>,
  | 'restartWorkspace'
  | 'pauseWorkspace'
  | 'resumeWorkspace'
  | 'hibernateWorkspace'
  | 'collapseWorkspace'
  | 'setWorkspaceTemplate'
>;

/** Parse, one call, reply. */
export function createLifecycleHandlers(verbs: LifecycleVerbs): LifecycleHandlers {
  return {
    restartWorkspace: async ({ params, query, body }) => {
      const done = await verbs.restart(params.id, query.reset ? { ...body, reset: true } : body);
      if (done.kind === 'external') {
        return { status: 200, body: { status: 'noop', runtime: 'external', message: EXTERNAL_RESTART } };
      }
      return {
        status: 200,
        body: {
          status: 'provisioning',
          config_dir: done.source.label,
          template_applied: done.source.apply !== null,
          reset_session: done.resets,
        },
      };
    },

    pauseWorkspace: async ({ params, request }) => {
      const { count, stopFailures } = await verbs.pause(params.id, request.clientGone);
      return { status: 200, body: { status: 'paused', paused_count: count, ...failures(stopFailures) } };
    },

    resumeWorkspace: async ({ params }) => {
      const { count } = await verbs.resume(params.id);
      return { status: 200, body: { status: 'provisioning', resumed_count: count } };
    },

    hibernateWorkspace: async ({ params, query, request }) => {
      const status = await verbs.hibernate(params.id, query.force, request.clientGone);
      return status === 'hibernated' ? { status: 200, body: { status } } : { status: 202, body: { status } };
    },

    collapseWorkspace: async ({ params, request }) => {
      const { names, stopFailures } = await verbs.collapse(params.id, request.clientGone);
      return { status: 200, body: { status: 'collapsed', removed: [...names], ...failures(stopFailures) } };
    },

    setWorkspaceTemplate: async ({ params, body }) => {
      await verbs.setTemplate(params.id, body.template);
      return { status: 200, body: { status: 'updated', template: body.template, needs_restart: true } };
    },
  };
}

/** Named only when there are some, so that the contract's body stays what it is. */
function failures(count: number): { stop_failures?: number } {
  return count === 0 ? {} : { stop_failures: count };
}

const EXTERNAL_RESTART =
  'This workspace runs outside of this server, which cannot restart it. Restart the agent where it runs; it joins again by itself.';
