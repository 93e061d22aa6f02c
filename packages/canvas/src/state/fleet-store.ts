import type { EventFrame, Workspace } from '@molecule/contract';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { emptyFleet, type Fleet, withFrames, withoutEndedFlights, withSnapshot } from '../model/fleet.js';
import { type PlacedNode, placeFleet } from '../model/layout.js';
import type { Problem } from '../model/problem.js';
import { layoutNodes, summariseTeams, type TeamSummary } from '../model/selectors.js';
import { initialLink, type Link } from '../sync/link.js';

/** Scope "document": what the server says is there. Written by the feed and, optimistically, by layout changes. */
export interface FleetState {
  readonly fleet: Fleet;
  readonly placed: readonly PlacedNode[];
  readonly teams: ReadonlyMap<string, TeamSummary>;
  readonly link: Link;
  /** How the newest attempt to read the snapshot ended. */
  readonly snapshot: { readonly state: 'loading' | 'ready' } | { readonly state: 'failed'; readonly problem: Problem };
}

export type FleetStore = StoreApi<FleetState>;

export function createFleetStore(): FleetStore {
  return createStore<FleetState>(() => ({
    fleet: emptyFleet,
    placed: [],
    teams: new Map(),
    link: initialLink,
    snapshot: { state: 'loading' },
  }));
}

/** Frames in `since` arrived while the snapshot was being read; they may or may not be in it, so they run again. */
export function takeSnapshot(
  store: FleetStore,
  workspaces: readonly Workspace[],
  since: readonly EventFrame[],
  nowMs: number,
): void {
  store.setState((state) => ({
    ...derive(state, withFrames(withSnapshot(state.fleet, workspaces), since, nowMs)),
    snapshot: { state: 'ready' },
  }));
}

export function takeFrames(store: FleetStore, frames: readonly EventFrame[], nowMs: number): void {
  store.setState((state) => derive(state, withFrames(state.fleet, frames, nowMs)));
}

export function pruneFlights(store: FleetStore, nowMs: number): void {
  store.setState((state) => derive(state, withoutEndedFlights(state.fleet, nowMs)));
}

/** Shows a change before the server has confirmed it. The event that follows, or the rollback, settles it. */
export function changeAgents(store: FleetStore, changes: ReadonlyMap<string, Partial<Workspace>>): void {
  store.setState((state) => {
    const agents = new Map(state.fleet.agents);
    for (const [id, change] of changes) {
      const known = agents.get(id);
      if (known) agents.set(id, { ...known, ...change });
    }
    return derive(state, { ...state.fleet, agents });
  });
}

function derive(state: FleetState, fleet: Fleet): Partial<FleetState> {
  if (fleet === state.fleet) return {};
  if (fleet.agents === state.fleet.agents) return { fleet };
  const changed = whatChanged(state.fleet, fleet);
  return {
    fleet,
    placed: changed.layout ? placeFleet(layoutNodes(fleet)) : state.placed,
    teams: changed.teams ? summariseTeams(fleet, state.teams) : state.teams,
  };
}

/**
 * Most events are heartbeats and tasks: they move no card and change no summary. Then layout and summaries, and with
 * them every node of the canvas, stay as they are.
 */
function whatChanged(before: Fleet, after: Fleet): { layout: boolean; teams: boolean } {
  if (before.agents.size !== after.agents.size) return { layout: true, teams: true };
  let layout = false;
  let teams = false;
  for (const [id, agent] of after.agents) {
    const old = before.agents.get(id);
    if (old === agent) continue;
    if (!old || old.parent_id !== agent.parent_id) return { layout: true, teams: true };
    layout ||= old.x !== agent.x || old.y !== agent.y || old.collapsed !== agent.collapsed;
    teams ||= old.status !== agent.status;
  }
  return { layout, teams };
}
