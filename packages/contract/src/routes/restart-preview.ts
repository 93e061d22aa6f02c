import Type, { type Static } from 'typebox';
import { flag } from '../query.js';
import { Uuid } from '../schema.js';

export const dryRun = flag('true: judge the request, say whose agents would start again, and change nothing');

/** The answer to `?dry_run=true` of whatever starts agents again: nothing was changed. */
export const RestartPreview = Type.Object({
  status: Type.Literal('dry_run'),
  /** False when what was sent is stored already. */
  changes: Type.Boolean(),
  would_restart: Type.Array(Type.Object({ id: Uuid, name: Type.String() })),
});
export type RestartPreview = Static<typeof RestartPreview>;
