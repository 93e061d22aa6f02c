import type { Tx } from '../../platform/db.js';
import type { Ports } from '../../ports.js';
import type { Channels } from '../channels/index.js';
import type { Schedules } from '../schedules/index.js';
import { lockLive, type WorkspaceVerbs } from '../workspaces/index.js';
import { decideImport, type ImportDecision, type ImportMode, type ImportNode, listTouched } from './import-plan.js';
import { lockRoots } from './orgs.store.js';
import { listPlaced } from './orgs.views.js';

export interface ImportWriterDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'random'> {
  readonly verbs: Pick<WorkspaceVerbs, 'insertAll' | 'nudge'>;
  readonly schedules: Pick<Schedules, 'recordFromTemplate'>;
  readonly channels: Pick<Channels, 'recordFromTemplate'>;
}

/** The one way in which a tree of workspaces comes into being: decided as a whole, then written as a whole. */
export interface ImportWriter {
  /** What `write` would do now; writes nothing. */
  plan(roots: readonly ImportNode[], mode: ImportMode): Promise<ImportDecision>;
  /**
   * Rows, files, secrets, records and events in one transaction, all or nothing (design §13). The agents start afterwards,
   * parents first. With `match` repeatable.
   */
  write(roots: readonly ImportNode[], mode: ImportMode): Promise<ImportDecision>;
}

export function createImportWriter(deps: ImportWriterDeps): ImportWriter {
  const { lanes, transact, commit } = deps;
  const newId = (): string => deps.random.uuid();
  let turn: Promise<unknown> = Promise.resolve();

  /**
   * One import at a time in this process. Waiting for the database's lock would hold a connection each, and a handful of
   * imports would leave none for other requests.
   */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work);
    // The next one waits for the end of this one, not for its success.
    turn = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  function writeInTransaction(roots: readonly ImportNode[], mode: ImportMode): Promise<ImportDecision> {
    return transact('control', async (tx) => {
      if (mode === 'match') {
        await lockRoots(
          tx,
          roots.map((root) => root.name),
        );
      }
      const decision = await decideUnderLock(tx, roots, mode);
      const events = await deps.verbs.insertAll(tx, decision.creations);
      await deps.schedules.recordFromTemplate(tx, decision.records);
      await deps.channels.recordFromTemplate(tx, decision.records);
      await commit(tx, { events });
      return decision;
    });
  }

  /** Decided by what nobody can remove or move before this transaction ends: what exists is held before it gets anything. */
  async function decideUnderLock(tx: Tx, roots: readonly ImportNode[], mode: ImportMode): Promise<ImportDecision> {
    const held = new Set<string>();
    for (;;) {
      const decision = decideImport(roots, await listPlaced(tx), newId, mode);
      const more = listTouched(decision).filter((id) => !held.has(id));
      if (more.length === 0) return decision;
      await lockLive(tx, more);
      for (const id of more) held.add(id);
    }
  }

  return {
    plan: async (roots, mode) => decideImport(roots, await listPlaced(lanes.control), newId, mode),
    async write(roots, mode) {
      const decision = await inTurn(() => writeInTransaction(roots, mode));
      if (decision.creations.length > 0) deps.verbs.nudge();
      return decision;
    },
  };
}
