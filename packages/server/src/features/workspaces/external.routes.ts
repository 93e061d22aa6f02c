import type { Connection, Routes } from '@molecule/contract';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Actor } from '../access/index.js';
import type { ExternalVerbs } from './external.service.js';

export type ExternalHandlers = Pick<HandlersFor<Routes, Actor>, 'rotateExternal' | 'getExternalConnection'>;

export function createExternalHandlers(verbs: ExternalVerbs, publicUrl: string | null): ExternalHandlers {
  return {
    rotateExternal: async ({ params, request }) => {
      return { status: 200, body: twice(await verbs.rotate(params.id, publicUrl ?? request.origin)) };
    },
    getExternalConnection: async ({ params, request }) => {
      return { status: 200, body: twice(await verbs.connection(params.id, publicUrl ?? request.origin)) };
    },
  };
}

/** Shipped clients disagree about where the keys are; both find them (design §13). */
function twice(connection: Connection): Connection & { connection: Connection } {
  return { ...connection, connection };
}
