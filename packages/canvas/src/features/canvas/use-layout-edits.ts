import type { Workspace } from '@molecule/contract';
import { useMemo } from 'react';
import { toast } from 'sonner';
import type { Services } from '../../app/services.js';
import { useServices } from '../../app/services-context.js';
import { type Point, settlePosition, tidyPositions } from '../../model/layout.js';
import { problemOf } from '../../model/problem.js';
import { layoutNodes, parentOf } from '../../model/selectors.js';
import { changeAgents } from '../../state/fleet-store.js';
import { rememberMove, takeUndo } from '../../state/session-store.js';

export interface LayoutEdits {
  /** Places cards, relative to their parents; can be undone. */
  move(positions: ReadonlyMap<string, Point>, told: string): void;
  undo(): void;
  tidy(): void;
  setCollapsed(id: string, collapsed: boolean): void;
}

const PARALLEL = 6;

/** Changes of the layout: shown at once, saved in the background, rolled back with a reason when refused. */
export function useLayoutEdits(): LayoutEdits {
  const services = useServices();
  return useMemo(() => createLayoutEdits(services), [services]);
}

export function createLayoutEdits({
  fleet,
  session,
  client,
}: Pick<Services, 'fleet' | 'session' | 'client'>): LayoutEdits {
  const save = (changes: ReadonlyMap<string, Partial<Workspace>>): void => {
    const before = pick(changes);
    changeAgents(fleet, changes);
    putAll([...changes.keys()]).catch((error: unknown) => {
      changeAgents(fleet, before);
      const problem = problemOf(error);
      toast.error('The layout was not saved', { id: 'layout', description: `${problem.title}. ${problem.advice}` });
    });
  };

  /** A few at a time: tidying a large fleet must not look like an attack to the rate limiter. */
  const putAll = async (ids: readonly string[]): Promise<void> => {
    for (let start = 0; start < ids.length; start += PARALLEL) {
      await Promise.all(ids.slice(start, start + PARALLEL).map(put));
    }
  };

  const put = async (id: string): Promise<void> => {
    const agent = fleet.getState().fleet.agents.get(id);
    if (!agent) return;
    const { x, y, w, h, z, collapsed } = agent;
    await client.call('putWorkspaceLayout', { params: { id }, body: { x, y, w, h, z, collapsed } });
  };

  /** The present values of what is about to change. */
  const pick = (changes: ReadonlyMap<string, Partial<Workspace>>): Map<string, Partial<Workspace>> => {
    const present = new Map<string, Partial<Workspace>>();
    for (const id of changes.keys()) {
      const agent = fleet.getState().fleet.agents.get(id);
      if (agent) present.set(id, { x: agent.x, y: agent.y, collapsed: agent.collapsed });
    }
    return present;
  };

  const undo = (): void => {
    const before = takeUndo(session);
    if (before === null) return;
    toast.dismiss('layout');
    save(before);
  };

  const move: LayoutEdits['move'] = (positions, told) => {
    const state = fleet.getState().fleet;
    const changes = new Map<string, Point>();
    const before = new Map<string, Point>();
    for (const [id, position] of positions) {
      const agent = state.agents.get(id);
      if (!agent) continue;
      const { x, y } = settlePosition(position, parentOf(state, agent) !== null);
      changes.set(id, { x, y });
      before.set(id, { x: agent.x, y: agent.y });
    }
    const moved = [...changes].some(([id, to]) => before.get(id)?.x !== to.x || before.get(id)?.y !== to.y);
    save(changes);
    if (!moved) return;
    rememberMove(session, before);
    toast(told, { id: 'layout', duration: 4_000, action: { label: 'Undo', onClick: undo } });
  };

  return {
    move,
    undo,
    tidy: () => {
      const moves = tidyPositions(layoutNodes(fleet.getState().fleet));
      if (moves.size > 0) move(moves, moves.size === 1 ? 'Moved one card' : `Moved ${moves.size} cards`);
      else toast('Everything is tidy already', { id: 'layout' });
    },
    setCollapsed: (id, collapsed) => save(new Map([[id, { collapsed }]])),
  };
}
