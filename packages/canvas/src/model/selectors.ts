import type { Status, Workspace } from '@molecule/contract';
import type { Fleet } from './fleet.js';
import type { LayoutNode } from './layout.js';
import { statusesBySeverity, statusStyle, worstOf } from './status.js';

/** A parent that is not known counts as none. */
export function parentOf(fleet: Fleet, agent: Workspace): string | null {
  return agent.parent_id !== null && fleet.agents.has(agent.parent_id) ? agent.parent_id : null;
}

/** Every agent with its direct members, computed once for all cards. */
function teamIndex(fleet: Fleet): ReadonlyMap<string | null, readonly string[]> {
  const index = new Map<string | null, string[]>();
  for (const agent of fleet.agents.values()) {
    const parent = parentOf(fleet, agent);
    const team = index.get(parent);
    if (team) team.push(agent.id);
    else index.set(parent, [agent.id]);
  }
  return index;
}

/** All agents below one, nearest first. */
export function descendantsOf(fleet: Fleet, id: string): string[] {
  const index = teamIndex(fleet);
  const found = new Set<string>();
  const queue = [...(index.get(id) ?? [])];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    // A cycle cannot be stored, but a page must not hang on one either.
    if (found.has(next) || next === id) continue;
    found.add(next);
    queue.push(...(index.get(next) ?? []));
  }
  return [...found];
}

/** From the root down to the agent itself: the breadcrumb. */
export function pathOf(fleet: Fleet, id: string): Workspace[] {
  const path: Workspace[] = [];
  const seen = new Set<string>();
  let current = fleet.agents.get(id);
  while (current && !seen.has(current.id)) {
    seen.add(current.id);
    path.unshift(current);
    const parent = parentOf(fleet, current);
    current = parent === null ? undefined : fleet.agents.get(parent);
  }
  return path;
}

/** Depth-first, as the tree is read; with the depth of each agent. */
export function treeOrder(fleet: Fleet): { id: string; depth: number }[] {
  const index = teamIndex(fleet);
  const rows: { id: string; depth: number }[] = [];
  const visit = (id: string, depth: number) => {
    rows.push({ id, depth });
    for (const child of index.get(id) ?? []) visit(child, depth + 1);
  };
  for (const root of index.get(null) ?? []) visit(root, 0);
  return rows;
}

/** How many agents have each status, worst first; statuses nobody has are left out. */
export function countByStatus(fleet: Fleet): { status: Status; count: number }[] {
  const counts = new Map<Status, number>();
  for (const agent of fleet.agents.values()) counts.set(agent.status, (counts.get(agent.status) ?? 0) + 1);
  return statusesBySeverity.flatMap((status) => {
    const count = counts.get(status) ?? 0;
    return count > 0 ? [{ status, count }] : [];
  });
}

/** Agents that need a person, in reading order. */
export function problemsOf(fleet: Fleet): string[] {
  return treeOrder(fleet)
    .map((row) => row.id)
    .filter((id) => {
      const agent = fleet.agents.get(id);
      return agent !== undefined && statusStyle(agent.status).problem;
    });
}

/** The agent after the current one in a list, wrapping; the first when the current one is not in it. */
export function nextAfter(ids: readonly string[], current: string | null, step: 1 | -1 = 1): string | null {
  if (ids.length === 0) return null;
  const at = current === null ? -1 : ids.indexOf(current);
  const next = at === -1 ? (step === 1 ? 0 : ids.length - 1) : (at + step + ids.length) % ids.length;
  return ids[next] ?? null;
}

export interface TeamSummary {
  readonly direct: number;
  readonly all: number;
  /** The worst status inside, so that a collapsed card does not hide a failure. */
  readonly worst: Status | null;
  readonly problems: number;
}

/**
 * Sums up every team, bottom-up in one pass. Summaries that did not change keep their identity, so that only the
 * cards above a change render.
 */
export function summariseTeams(
  fleet: Fleet,
  before: ReadonlyMap<string, TeamSummary> = new Map(),
): ReadonlyMap<string, TeamSummary> {
  const index = teamIndex(fleet);
  const summaries = new Map<string, TeamSummary>();
  for (const { id } of treeOrder(fleet).reverse()) {
    const team = index.get(id);
    if (!team) continue;
    let all = 0;
    let problems = 0;
    const statuses: Status[] = [];
    for (const member of team) {
      const agent = fleet.agents.get(member);
      const below = summaries.get(member);
      all += 1 + (below?.all ?? 0);
      problems += (agent && statusStyle(agent.status).problem ? 1 : 0) + (below?.problems ?? 0);
      if (agent) statuses.push(agent.status);
      if (below?.worst) statuses.push(below.worst);
    }
    const summary: TeamSummary = { direct: team.length, all, worst: worstOf(statuses), problems };
    const known = before.get(id);
    summaries.set(id, known && sameSummary(known, summary) ? known : summary);
  }
  return summaries;
}

function sameSummary(a: TeamSummary, b: TeamSummary): boolean {
  return a.direct === b.direct && a.all === b.all && a.worst === b.worst && a.problems === b.problems;
}

/** The nearest agent that is drawn: the agent itself, or the outermost collapsed card around it. */
export function visibleAncestor(fleet: Fleet, id: string): string | null {
  const path = pathOf(fleet, id);
  return path.find((agent, index) => agent.collapsed && index < path.length - 1)?.id ?? path.at(-1)?.id ?? null;
}

export function layoutNodes(fleet: Fleet): LayoutNode[] {
  return [...fleet.agents.values()].map((agent) => ({
    id: agent.id,
    parentId: parentOf(fleet, agent),
    x: agent.x,
    y: agent.y,
    collapsed: agent.collapsed,
  }));
}

/** Whether an agent can be moved in the tree at all: up to the top, or below somebody who is not below it. */
export function hasOtherParent(fleet: Fleet, id: string): boolean {
  const agent = fleet.agents.get(id);
  if (!agent) return false;
  return parentOf(fleet, agent) !== null || fleet.agents.size > 1 + descendantsOf(fleet, id).length;
}

/** Case-insensitive search over what a person knows an agent by. */
export function matchesQuery(agent: Workspace, query: string): boolean {
  const haystack = [
    agent.name,
    agent.role ?? '',
    agent.runtime,
    agent.model ?? '',
    statusStyle(agent.status).label,
    agent.id,
  ]
    .join('\n')
    .toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word));
}
