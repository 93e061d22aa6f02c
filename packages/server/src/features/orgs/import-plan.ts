import type { ImportPlan, ImportResult } from '@molecule/contract';
import type { TemplateChannel } from '../channels/index.js';
import type { TemplateSchedule } from '../schedules/index.js';
import type { NewWorkspace, WorkspaceSpec } from '../workspaces/index.js';
import { type Box, CARD, childSlots, type Point, placeRoot, sizeOf, type Tree } from './layout.js';

/** A workspace to be brought in with everything below it, whatever it was read from. */
export interface ImportNode {
  readonly name: string;
  /** Names from the root to this node, joined by " / ". */
  readonly path: string;
  readonly role: string | null;
  readonly spec: WorkspaceSpec;
  readonly externalUrl: string | null;
  readonly seedFiles: readonly { readonly path: string; readonly content: Buffer }[];
  readonly secrets: Readonly<Record<string, string>>;
  /** Where a root would like to stand; null for no wish. */
  readonly canvas: { readonly x: number; readonly y: number } | null;
  readonly schedules: readonly TemplateSchedule[];
  readonly channels: readonly TemplateChannel[];
  readonly channelsSkipped: readonly { readonly type: string; readonly reason: string }[];
  /** How many further nodes of this name stood beside it; they are this one. */
  readonly twinCount: number;
  readonly sourceBundleId?: string;
  readonly children: readonly ImportNode[];
}

/** What of a node is written beside its row, also when its row was there already. */
export interface ImportRecords {
  readonly workspaceId: string;
  readonly schedules: readonly TemplateSchedule[];
  readonly channels: readonly TemplateChannel[];
}

/**
 * `match`: what exists by parent and name is kept (org templates). `add`: every node is a new workspace (bundles).
 */
export type ImportMode = 'match' | 'add';

/** A workspace that exists, as far as an import has to know it. */
export interface PlacedWorkspace {
  readonly id: string;
  readonly name: string;
  readonly parentId: string | null;
  readonly x: number;
  readonly y: number;
  readonly w: number | null;
  readonly h: number | null;
}

/** What an import will do: pure, so that a dry run shows exactly what the import then does. */
export interface ImportDecision {
  readonly creations: readonly NewWorkspace[];
  readonly create: ImportPlan['create'];
  readonly keep: ImportPlan['keep'];
  /** Of nodes that have any. */
  readonly records: readonly ImportRecords[];
  /** One per node, parents first. */
  readonly results: ImportResult['workspaces'];
}

/**
 * Matches the nodes with what exists by parent and name (R27): what is there is kept and its children are looked at,
 * the rest is created. `newId` draws an id per creation.
 */
export function decideImport(
  roots: readonly ImportNode[],
  existing: readonly PlacedWorkspace[],
  newId: () => string,
  mode: ImportMode,
): ImportDecision {
  const byPlace = new Map<string, PlacedWorkspace>();
  for (const workspace of mode === 'match' ? existing : []) {
    const key = placeKey(workspace.parentId, workspace.name);
    // Names are not unique; the oldest is the one an earlier import created.
    if (!byPlace.has(key)) byPlace.set(key, workspace);
  }
  const taken = listRootBoxes(existing);
  const creations: NewWorkspace[] = [];
  const create: ImportPlan['create'] = [];
  const keep: ImportPlan['keep'] = [];
  const records: ImportRecords[] = [];
  const results: ImportResult['workspaces'] = [];

  function visit(node: ImportNode, parent: { readonly id: string; readonly path: string } | null, slot: Point): void {
    const { name, path, spec } = node;
    // A parent that is about to be created has no children yet, and its id matches none.
    const found = byPlace.get(placeKey(parent?.id ?? null, name));
    const id = found?.id ?? newId();
    const { schedules, channels } = node;
    const types = channels.map((channel) => channel.type);
    const skipped = node.channelsSkipped.map(({ type, reason }) => ({ workspace: name, type, reason }));
    const extra = {
      ...(types.length > 0 ? { channels: types } : {}),
      ...(skipped.length > 0 ? { channels_skipped: skipped } : {}),
    };
    if (schedules.length + channels.length > 0) records.push({ workspaceId: id, schedules, channels });
    if (found) {
      keep.push({ path, name, id });
      results.push({ id, name, tier: spec.tier, skipped: true, ...extra });
    } else {
      creations.push({
        id,
        name,
        role: node.role,
        parentId: parent?.id ?? null,
        spec,
        externalUrl: node.externalUrl,
        budgetLimit: null,
        layout: parent === null ? placeNewRoot(node) : slot,
        seedFiles: node.seedFiles,
        secrets: node.secrets,
        ...(node.sourceBundleId === undefined ? {} : { sourceBundleId: node.sourceBundleId }),
      });
      create.push({
        path,
        name,
        parent: parent?.path ?? null,
        tier: spec.tier,
        runtime: spec.runtime,
        template: spec.template ?? '',
        ...(schedules.length > 0 ? { schedules: schedules.map((schedule) => schedule.name) } : {}),
        ...extra,
      });
      results.push({ id, name, tier: spec.tier, ...extra });
    }
    for (let twin = 0; twin < node.twinCount; twin += 1) results.push({ id, name, tier: spec.tier, skipped: true });
    const slots = childSlots(node.children);
    for (const [index, child] of node.children.entries()) {
      visit(child, { id, path }, slots[index] ?? { x: 0, y: 0 });
    }
  }

  function placeNewRoot(node: ImportNode): Point {
    const size = sizeOf(node);
    const point = placeRoot(size, node.canvas, taken);
    taken.push({ ...point, ...size });
    return point;
  }

  for (const root of roots) visit(root, null, { x: 0, y: 0 });
  return { creations, create, keep, records, results };
}

/** Workspaces that exist already and get something: a child, or records of their own. */
export function listTouched({ creations, keep, records }: ImportDecision): string[] {
  const touched = new Set([
    ...creations.map((creation) => creation.parentId),
    ...records.map((record) => record.workspaceId),
  ]);
  return keep.map(({ id }) => id).filter((id) => touched.has(id));
}

/** Where the existing trees stand; a card without a stored size is as large as its children make it. */
function listRootBoxes(existing: readonly PlacedWorkspace[]): Box[] {
  const ids = new Set(existing.map((workspace) => workspace.id));
  const children = new Map<string, string[]>();
  for (const { id, parentId } of existing) {
    if (parentId === null || !ids.has(parentId)) continue;
    children.set(parentId, [...(children.get(parentId) ?? []), id]);
  }
  const toTree = (id: string, depth: number): Tree => ({
    // Depth ends a ring, should the rows ever hold one.
    children: depth > 64 ? [] : (children.get(id) ?? []).map((child) => toTree(child, depth + 1)),
  });
  return existing
    .filter(({ parentId }) => parentId === null || !ids.has(parentId))
    .map(({ id, x, y, w, h }) => {
      const size = sizeOf(toTree(id, 0));
      return {
        x,
        y,
        width: Math.max(w ?? CARD.width, size.width),
        height: Math.max(h ?? CARD.height, size.height),
      };
    });
}

function placeKey(parentId: string | null, name: string): string {
  return `${parentId ?? ''}\0${name}`;
}
