import { type Batcher, createBatcher } from '../../platform/batcher.js';
import type { Ports } from '../../ports.js';
import type { WorkspaceCard, WorkspaceReads } from '../workspaces/index.js';

/**
 * What has to be known of a target before a message for it is taken. Asked by every message, and so for all that wait in
 * one statement: by itself each question costs the database and this process more than what is done with its answer.
 */
export interface Addressees {
  /** Null when there is no such workspace. */
  find(id: string): Promise<WorkspaceCard | null>;
  /** The hierarchy rule (contract registry-a2a §6). */
  mayWrite(callerId: string, targetId: string): Promise<boolean>;
}

const QUESTION_BYTES = 72;

export function createAddressees({ lanes }: Pick<Ports, 'lanes'>, workspaces: WorkspaceReads): Addressees {
  const cards: Batcher<string, WorkspaceCard | null> = createBatcher({
    name: 'addressees',
    async run(ids) {
      const found = await workspaces.findMany(lanes.control, ids);
      return ids.map((id) => found.get(id) ?? null);
    },
  });
  const rights: Batcher<readonly [string, string], boolean> = createBatcher({
    name: 'rights-to-write',
    run: (pairs) => workspaces.canCommunicateEach(lanes.control, pairs),
  });
  return {
    find: (id) => cards.submit(id, QUESTION_BYTES),
    mayWrite: (callerId, targetId) => rights.submit([callerId, targetId], QUESTION_BYTES),
  };
}
