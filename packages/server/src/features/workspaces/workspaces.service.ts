import type { Connection, CreateWorkspace, Layout, NewEvent, PatchWorkspace } from '@molecule/contract';
import type { Tx } from '../../platform/db.js';
import { AppError, refuse } from '../../platform/http/app-error.js';
import { failingWith } from '../../platform/http/failing-with.js';
import type { Ports } from '../../ports.js';
import { toConnection, toPlatformUrl } from './connection/connection.js';
import { needsRestart, TAKEN_UP_AT_START } from './pending-changes.js';
import { DEFAULT_RUNTIME } from './runtimes.js';
import { waitForSettlement } from './settlement.js';
import {
  deleteLayouts,
  insertWorkspaces,
  type LockedWorkspace,
  listAncestors,
  listChildren,
  listSubtree,
  lockLive,
  lockMoves,
  lockSubtree,
  makeDue,
  purgeWorkspaces,
  readSettlements,
  type TreeMember,
  updateWorkspace,
  upsertLayout,
  type WorkspaceInsert,
} from './workspaces.store.js';
import type { WorkspaceSpec } from './workspaces.types.js';
import {
  checkCreateFields,
  checkPatchFields,
  checkRuntimeChange,
  parseAccess,
  parseParentId,
  parseWorkspaceDir,
} from './workspaces.validation.js';

/** What the verbs need of other features. */
export interface WorkspaceServiceDeps
  extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'random' | 'clock' | 'logger' | 'supervisor'> {
  readonly templates: {
    /** What a template supplies when the caller leaves it out; null when there is no such template. */
    find(name: string): { readonly runtime: string | null } | null;
    /** False for a name that could lie outside the templates folders. */
    isSafeName(name: string): boolean;
  };
  readonly secrets: {
    /** Checks the names before anything is written; throws a refusal. */
    checkNames(names: readonly string[]): void;
    /** Stores what new workspaces were given, their explicit model among it. */
    writeWorkspaceSecrets(
      tx: Tx,
      given: readonly {
        readonly workspaceId: string;
        readonly secrets: Readonly<Record<string, string>>;
        readonly model: string | null;
      }[],
    ): Promise<void>;
  };
  readonly tokens: {
    /** A token for a person or an external agent. Returned once, stored as a hash. */
    mint(tx: Tx, workspaceId: string): Promise<string>;
    revokeAll(tx: Tx, workspaceIds: readonly string[]): Promise<void>;
  };
  /** Judges an address somebody claims for an external agent; throws `invalid_url`. */
  readonly checkClaimedUrl: (url: string) => Promise<void>;
  /** Kind of the backend that runs new workspaces which are not external. */
  readonly defaultBackend: string;
  /** Wakes the worker. */
  readonly nudge: () => void;
}

/** A workspace to create, with everything decided. Used by create and by org import. */
export interface NewWorkspace {
  readonly id: string;
  readonly name: string;
  readonly role: string | null;
  readonly parentId: string | null;
  readonly spec: WorkspaceSpec;
  /** For runtime `external`: where it answers, null when it will say so itself. */
  readonly externalUrl: string | null;
  readonly budgetLimit: number | null;
  readonly layout: { readonly x: number; readonly y: number };
  readonly seedFiles: readonly { readonly path: string; readonly content: Buffer }[];
  readonly secrets: Readonly<Record<string, string>>;
  /** Id of the bundle it was imported from. */
  readonly sourceBundleId?: string;
}

const TREE_DEPTH_MAX = 32;

export interface WorkspaceVerbs {
  create(body: CreateWorkspace, origin: string): Promise<Created>;
  /** Writes a set of new workspaces, parents first, and returns their events for the caller's `commit`. */
  insertAll(tx: Tx, workspaces: readonly NewWorkspace[]): Promise<NewEvent[]>;
  /** `needsRestart`: something of what was given reaches the agent only when it is started anew. */
  patch(id: string, body: PatchWorkspace): Promise<{ needsRestart: boolean }>;
  layout(id: string, layout: Layout): Promise<void>;
  remove(id: string, options: { confirm: boolean; purge: boolean }, clientGone: AbortSignal): Promise<Removal>;
  /** Removes members of a tree, deepest first; `targetId` is the one whose event tells how many went with it. */
  removeMembers(tx: Tx, members: readonly TreeMember[], more: RemovalExtras): Promise<void>;
  nudge(): void;
}

interface RemovalExtras {
  readonly targetId?: string;
  readonly events?: readonly NewEvent[];
}

export type Created =
  | { readonly kind: 'managed'; readonly id: string; readonly access: WorkspaceSpec['workspace_access'] }
  | {
      readonly kind: 'external';
      readonly id: string;
      readonly status: 'online' | 'awaiting_agent';
      readonly connection: Connection | null;
    };

export type Removal =
  | { readonly kind: 'removed' | 'purged'; readonly cascadeDeleted: number }
  | { readonly kind: 'confirmation_required'; readonly children: readonly { id: string; name: string }[] };

export function createWorkspaceVerbs(deps: WorkspaceServiceDeps): WorkspaceVerbs {
  const { transact, commit, lanes } = deps;

  async function create(body: CreateWorkspace, origin: string): Promise<Created> {
    checkCreateFields(body);
    const spec = toSpec(deps, body);
    const external = spec.runtime === 'external';
    const url = external && body.url ? body.url : null;
    if (url !== null) await deps.checkClaimedUrl(url);
    const platformUrl = external && url === null ? toPlatformUrl(origin) : '';
    const secrets = body.secrets ?? {};
    deps.secrets.checkNames(Object.keys(secrets));
    const parentId = parseParentId(body.parent_id);
    const workspace: NewWorkspace = {
      id: deps.random.uuid(),
      name: body.name,
      role: body.role || null,
      parentId,
      spec,
      externalUrl: url,
      budgetLimit: body.budget_limit ?? null,
      layout: body.canvas ?? { x: 0, y: 0 },
      seedFiles: [],
      secrets,
    };
    const token = await transact('control', async (tx) => {
      if (parentId !== null) await checkParent(tx, await lockLive(tx, [parentId]), parentId, null);
      const events = await insertAll(tx, [workspace]);
      const minted = external && url === null ? await deps.tokens.mint(tx, workspace.id) : null;
      await commit(tx, { events });
      return minted;
    });
    deps.nudge();
    if (!external) return { kind: 'managed', id: workspace.id, access: spec.workspace_access };
    return {
      kind: 'external',
      id: workspace.id,
      status: url === null ? 'awaiting_agent' : 'online',
      connection: token === null ? null : toConnection(workspace.id, platformUrl, token),
    };
  }

  async function insertAll(tx: Tx, workspaces: readonly NewWorkspace[]): Promise<NewEvent[]> {
    await insertWorkspaces(
      tx,
      workspaces.map((workspace) => toInsert(deps, workspace)),
    );
    await deps.secrets.writeWorkspaceSecrets(
      tx,
      workspaces.map(({ id, secrets, spec }) => ({ workspaceId: id, secrets, model: spec.model })),
    );
    return workspaces.flatMap(toCreationEvents);
  }

  async function checkParent(
    tx: Tx,
    held: ReadonlyMap<string, LockedWorkspace>,
    parentId: string,
    childId: string | null,
  ): Promise<void> {
    if (!held.has(parentId)) refuse('parent_not_found');
    const line = [parentId, ...(await listAncestors(tx, parentId))];
    if (childId !== null && line.includes(childId)) refuse('parent_cycle');
    const below =
      childId === null ? 1 : Math.max(...(await listSubtree(tx, childId)).map((member) => member.depth)) + 1;
    if (line.length + below > TREE_DEPTH_MAX) refuse('tree_too_deep');
  }

  async function patch(id: string, body: PatchWorkspace): Promise<{ needsRestart: boolean }> {
    checkPatchFields(body);
    const runtime = body.runtime?.trim();
    const workspaceDir = body.workspace_dir === undefined ? undefined : parseWorkspaceDir(body.workspace_dir);
    const parentId = body.parent_id === undefined ? undefined : parseParentId(body.parent_id);
    const waits = await transact('control', async (tx) => {
      if (parentId) await lockMoves(tx);
      const held = await lockLive(tx, parentId ? [id, parentId] : [id]);
      const row = held.get(id) ?? refuse('workspace_not_found');
      if (runtime !== undefined) checkRuntimeChange(row.spec.runtime, runtime);
      if (parentId) await checkParent(tx, held, parentId, id);
      const spec: WorkspaceSpec = {
        ...row.spec,
        ...(body.tier === undefined ? {} : { tier: body.tier }),
        ...(runtime === undefined ? {} : { runtime }),
        ...(workspaceDir === undefined ? {} : { workspace_dir: workspaceDir }),
        ...(body.max_concurrent_tasks === undefined ? {} : { max_concurrent_tasks: tasksAtOnce(body) }),
      };
      const set = {
        name: body.name ?? row.name,
        role: body.role === undefined ? row.role : body.role || null,
        parentId: parentId === undefined ? row.parentId : parentId,
        spec,
        idleMinutes:
          body.hibernation_idle_minutes === undefined ? row.idleMinutes : body.hibernation_idle_minutes || null,
      };
      const events: NewEvent[] = [];
      const waitsNow = needsRestart({ ...row, spec });
      const { x, y, collapsed, ...fields } = body;
      if (Object.keys(fields).length > 0) {
        await updateWorkspace(tx, id, set);
        const changes = {
          name: set.name,
          role: set.role,
          parent_id: set.parentId,
          tier: spec.tier,
          runtime: spec.runtime,
          workspace_dir: spec.workspace_dir,
          max_concurrent_tasks: spec.max_concurrent_tasks,
          hibernation_idle_minutes: set.idleMinutes,
        };
        const changed = [
          ...Object.entries(changes).filter(([key]) => key in fields),
          ...(waitsNow === needsRestart(row) ? [] : [['needs_restart', waitsNow] as const]),
        ];
        events.push({ type: 'WORKSPACE_UPDATED', workspaceId: id, payload: { changes: Object.fromEntries(changed) } });
      }
      if (x !== undefined || collapsed !== undefined) {
        const stored = await upsertLayout(tx, id, { x, y, collapsed });
        events.push({ type: 'CANVAS_LAYOUT_UPDATED', workspaceId: id, payload: stored });
      }
      await commit(tx, { events });
      return waitsNow && TAKEN_UP_AT_START.some((key) => key in fields);
    });
    // A folder always says so, whether or not an agent runs: clients of the contract wait for it (lifecycle §1.5).
    return { needsRestart: waits || workspaceDir !== undefined };
  }

  async function layout(id: string, given: Layout): Promise<void> {
    await transact('control', async (tx) => {
      if (!(await lockLive(tx, [id])).has(id)) refuse('workspace_not_found');
      const stored = await upsertLayout(tx, id, given);
      await commit(tx, { events: [{ type: 'CANVAS_LAYOUT_UPDATED', workspaceId: id, payload: stored }] });
    });
  }

  async function removeMembers(tx: Tx, members: readonly TreeMember[], more: RemovalExtras): Promise<void> {
    const all = members.map((member) => member.id);
    const live = members.filter((member) => member.status !== 'removed');
    await deps.tokens.revokeAll(tx, all);
    await deleteLayouts(tx, all);
    // A repeated delete tries again whatever still has an instance, descendants included (D26).
    await makeDue(tx, all);
    await commit(tx, {
      events: more.events ?? [],
      transitions: live
        // Descendants first, so that the target's event is the last word.
        .toReversed()
        .map((member) => ({
          workspaceId: member.id,
          trigger: 'remove_requested' as const,
          ...(member.id === more.targetId ? { cascadeDeleted: live.length - 1 } : {}),
        })),
    });
  }

  async function remove(
    id: string,
    options: { confirm: boolean; purge: boolean },
    clientGone: AbortSignal,
  ): Promise<Removal> {
    const children = await failingWith('failed to check children', () => listChildren(lanes.control, id));
    if (children.length > 0 && !options.confirm) return { kind: 'confirmation_required', children };
    const { ids, removedNow } = await transact('control', async (tx) => {
      const tree = await lockSubtree(tx, id);
      const descendants = tree.filter((member) => member.status !== 'removed' && member.id !== id);
      await removeMembers(tx, tree, { targetId: id });
      return { ids: tree.map((member) => member.id), removedNow: descendants.length };
    });
    deps.nudge();
    const { failed, settled } = await waitForSettlement(deps, ids, clientGone);
    if (failed.length > 0) {
      const detail = failed.map((state) => state.stopError).join('; ');
      throw new AppError('stop_failed', {
        text: `workspace marked removed, but ${failed.length} stop call(s) failed — please retry: ${detail}`,
        fields: { removed_count: ids.length, stop_failures: failed.length },
      });
    }
    if (!options.purge || !settled) return { kind: 'removed', cascadeDeleted: removedNow };
    const purge = async (tx: Tx): Promise<void> => {
      const still = await readSettlements(tx, ids);
      await purgeWorkspaces(
        tx,
        still.filter((state) => state.settled).map((state) => state.id),
      );
    };
    await failingWith('purge failed', () => transact('control', purge));
    return { kind: 'purged', cascadeDeleted: removedNow };
  }

  return { create, insertAll, patch, layout, remove, removeMembers, nudge: deps.nudge };
}

function toSpec(deps: WorkspaceServiceDeps, body: CreateWorkspace): WorkspaceSpec {
  const template = body.template || null;
  if (template !== null && !deps.templates.isSafeName(template)) refuse('invalid_template');
  const supplied = template === null ? null : (deps.templates.find(template) ?? refuse('unknown_template'));
  const workspaceDir = parseWorkspaceDir(body.workspace_dir);
  const asked = body.runtime?.trim();
  const external = body.external === true || asked === 'external';
  return {
    runtime: external ? 'external' : asked || supplied?.runtime || DEFAULT_RUNTIME,
    template,
    // Only what the owner chose: a template's model stays in its config.yaml and counts when its key exists (design §10).
    model: body.model || null,
    tier: body.tier || 3,
    workspace_dir: workspaceDir,
    workspace_access: parseAccess(body.workspace_access, workspaceDir),
    max_concurrent_tasks: tasksAtOnce(body),
  };
}

function tasksAtOnce({ max_concurrent_tasks: asked }: { readonly max_concurrent_tasks?: number | undefined }): number {
  return Math.max(1, asked ?? 1);
}

function toInsert(deps: WorkspaceServiceDeps, workspace: NewWorkspace): WorkspaceInsert {
  const external = workspace.spec.runtime === 'external';
  return {
    ...workspace,
    backend: external ? 'external' : deps.defaultBackend,
    status: external ? (workspace.externalUrl === null ? 'awaiting_agent' : 'online') : 'provisioning',
    url: workspace.externalUrl,
    deliveryMode: external && workspace.externalUrl !== null ? 'push' : null,
  };
}

/** External ones announce provisioning as well, as the predecessor did (contract registry-a2a §4.1). */
function toCreationEvents(workspace: NewWorkspace): NewEvent[] {
  const { id: workspaceId, name, spec, parentId, layout, sourceBundleId } = workspace;
  const events: NewEvent[] = [
    {
      type: 'WORKSPACE_PROVISIONING',
      workspaceId,
      payload: {
        name,
        tier: spec.tier,
        runtime: spec.runtime,
        parent_id: parentId,
        ...layout,
        ...(sourceBundleId === undefined ? {} : { source_bundle_id: sourceBundleId }),
      },
    },
  ];
  if (spec.runtime !== 'external') return events;
  if (workspace.externalUrl === null) {
    events.push({ type: 'WORKSPACE_AWAITING_AGENT', workspaceId, payload: { name, external: true } });
  } else {
    events.push({ type: 'WORKSPACE_ONLINE', workspaceId, payload: { name, external: true } });
  }
  return events;
}
