import type { Routes } from '@molecule/contract';
import { toError } from '../../platform/errors.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import type { Actor } from '../access/index.js';
import { findViewport, writeViewport } from './viewport.store.js';

const DEFAULT_VIEWPORT = { x: 0, y: 0, zoom: 1 };

/** What the canvas keeps that belongs to no workspace. */
export function createCanvasHandlers({
  lanes,
  logger,
}: Pick<Ports, 'lanes' | 'logger'>): Pick<HandlersFor<Routes, Actor>, 'getViewport' | 'putViewport'> {
  return {
    getViewport: async () => {
      try {
        return { status: 200, body: (await findViewport(lanes.control)) ?? DEFAULT_VIEWPORT };
      } catch (error) {
        // A canvas that cannot learn where it was left still opens.
        logger.warn({ err: toError(error) }, 'the viewport could not be read');
        return { status: 200, body: DEFAULT_VIEWPORT };
      }
    },
    putViewport: async ({ body: { x, y, zoom } }) => {
      await writeViewport(lanes.control, { x, y, zoom });
      return { status: 200, body: { status: 'saved' } };
    },
  };
}
