import Type from 'typebox';
import { route } from '../route.js';

const Viewport = Type.Object({ x: Type.Number(), y: Type.Number(), zoom: Type.Number({ exclusiveMinimum: 0 }) });

/** Where the canvas was left, one place for all who look at it (contract lifecycle §10). */
export const canvasRoutes = {
  getViewport: route({
    method: 'GET',
    path: '/canvas/viewport',
    summary: 'Where the canvas was left; the defaults when nowhere',
    access: 'credential',
    rate: 'default',
    responses: { 200: Viewport },
    errors: [],
    source: 'lifecycle §10, design §9',
  }),
  putViewport: route({
    method: 'PUT',
    path: '/canvas/viewport',
    summary: 'Keep where the canvas is left',
    access: 'credential',
    rate: 'default',
    body: Viewport,
    invalidBody: 'invalid_viewport',
    responses: { 200: Type.Object({ status: Type.Literal('saved') }) },
    errors: [],
    failedText: 'failed to save viewport',
    source: 'lifecycle §10',
  }),
} as const;
