import type { RestartWorkspace } from '@molecule/contract';
import type { Tx } from '../../platform/db.js';
import { AppError, refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import { type ConfigSource, type ConfigSourceInput, resolveConfigSource } from './config-source.js';
import {
  findPausedAncestor,
  lockVerbSubject,
  type VerbSubject,
  writePendingReset,
  writePendingTemplate,
  writeStoredTemplate,
} from './lifecycle-verbs.store.js';
import { needsRestart } from './pending-changes.js';
import { KEEPS_A_SESSION, sanitizeRuntime } from './runtimes.js';
import { waitForSettlement } from './settlement.js';
import type { WorkspaceVerbs } from './workspaces.service.js';
import { listChildren, lockSubtree } from './workspaces.store.js';

export interface LifecycleVerbsDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'clock' | 'logger'> {
  readonly provisioners: ProvisionerRegistry;
  readonly templates: ConfigSourceInput['templates'];
  /** Removes them as a delete does, in the transaction of the caller, and appends the events after theirs. */
  readonly removeMembers: WorkspaceVerbs['removeMembers'];
  readonly restartContexts: {
    /** Sees to it that the instance of this generation, the one that a person's restart begins, is told about it. */
    record(
      tx: Tx,
      restart: { readonly workspaceId: string; readonly generation: number; readonly lastHeartbeatAt: Date | null },
    ): Promise<void>;
  };
  /** Wakes the worker. */
  readonly nudge: () => void;
}

/**
 * The verbs by which an owner starts, holds and ends agents (contract lifecycle §2, §10). Each changes what is wanted, in
 * one transaction, and leaves the doing to the worker; those whose answer reports the outcome wait for it afterwards.
 */
export interface LifecycleVerbs {
  restart(id: string, request: RestartWorkspace): Promise<Restart>;
  pause(id: string, clientGone: AbortSignal): Promise<{ count: number; stopFailures: number }>;
  resume(id: string): Promise<{ count: number }>;
  /** `hibernating`: the instance is still being stopped after the time a caller waits. */
  hibernate(id: string, force: boolean, clientGone: AbortSignal): Promise<'hibernated' | 'hibernating'>;
  collapse(id: string, clientGone: AbortSignal): Promise<{ names: readonly string[]; stopFailures: number }>;
  setTemplate(id: string, template: string): Promise<void>;
  /** Starts those of the workspaces that hibernate, because a message waits for them. Repeatable (contract D3). */
  wake(ids: readonly string[]): Promise<void>;
}

export type Restart =
  | { readonly kind: 'external' }
  | {
      readonly kind: 'started';
      readonly source: ConfigSource;
      /** The agent forgets its conversations. */
      readonly resets: boolean;
    };

export function createLifecycleVerbs(deps: LifecycleVerbsDeps): LifecycleVerbs {
  const { transact, commit } = deps;

  async function restart(id: string, request: RestartWorkspace): Promise<Restart> {
    const result = await transact('control', async (tx): Promise<Restart> => {
      const row = await lockVerbSubject(tx, id);
      if (!row || row.status === 'removed') return refuse('workspace_not_found');
      if (row.spec.runtime === 'external') return { kind: 'external' };
      await checkStartable(tx, row);
      const runtime = sanitizeRuntime(row.spec.runtime);
      const source = resolveConfigSource({
        name: row.name,
        runtime,
        storedTemplate: row.spec.template,
        appliedTemplate: row.appliedTemplate,
        request,
        templates: deps.templates,
      });
      const asked = request.template || null;
      if (asked !== null && source.label !== asked) {
        deps.logger.warn({ workspace: id, template: asked }, 'a restart asked for a template that cannot be used');
      }
      await writePendingTemplate(tx, id, source.apply);
      const resets = request.reset === true && KEEPS_A_SESSION.has(runtime);
      if (resets) await writePendingReset(tx, id);
      const { lastHeartbeatAt } = row;
      await deps.restartContexts.record(tx, { workspaceId: id, generation: row.generation + 1, lastHeartbeatAt });
      await commit(tx, { transitions: [{ workspaceId: id, trigger: 'start_requested' }] });
      return { kind: 'started', source, resets };
    });
    deps.nudge();
    return result;
  }

  async function pause(id: string, clientGone: AbortSignal): Promise<{ count: number; stopFailures: number }> {
    const ids = await transact('control', async (tx) => {
      const tree = await lockSubtree(tx, id);
      const target = tree.find((member) => member.id === id);
      if (!target || target.status === 'removed' || target.status === 'paused') refuse('workspace_not_pausable');
      const held = tree.filter((member) => member.status !== 'removed' && member.status !== 'paused');
      await commit(tx, {
        transitions: held.map((member) => ({ workspaceId: member.id, trigger: 'pause_requested' as const })),
      });
      return held.map((member) => member.id);
    });
    deps.nudge();
    const { failed } = await waitForSettlement(deps, ids, clientGone);
    return { count: ids.length, stopFailures: failed.length };
  }

  async function resume(id: string): Promise<{ count: number }> {
    const count = await transact('control', async (tx) => {
      const tree = await lockSubtree(tx, id);
      const row = await lockVerbSubject(tx, id);
      if (row?.status !== 'paused') return refuse('workspace_not_paused');
      await checkStartable(tx, row);
      const paused = tree.filter((member) => member.status === 'paused');
      const transitions = [];
      for (const member of paused) {
        const subject = await lockVerbSubject(tx, member.id);
        // An external agent is started by somebody else: all we can do is wait for it.
        const trigger =
          subject?.spec.runtime === 'external' ? ('await_requested' as const) : ('start_requested' as const);
        transitions.push({ workspaceId: member.id, trigger });
      }
      await commit(tx, { transitions });
      return transitions.length;
    });
    deps.nudge();
    return { count };
  }

  async function hibernate(id: string, force: boolean, clientGone: AbortSignal): Promise<'hibernated' | 'hibernating'> {
    await transact('control', async (tx) => {
      const row = await lockVerbSubject(tx, id);
      // Repeating the call tells where an earlier one stands.
      if (row?.status === 'hibernating' || row?.status === 'hibernated') return;
      if (row?.status !== 'online' && row?.status !== 'degraded') return refuse('workspace_not_hibernatable');
      if (row.activeTasks > 0 && !force) {
        throw new AppError('workspace_busy', { fields: { active_tasks: row.activeTasks } });
      }
      await commit(tx, { transitions: [{ workspaceId: id, trigger: 'hibernate_requested' }] });
    });
    deps.nudge();
    const { settled, failed } = await waitForSettlement(deps, [id], clientGone);
    const [failure] = failed;
    if (failure) throw new AppError('hibernation_failed', { fields: { stop_failures: 1, reason: failure.stopError } });
    return settled ? 'hibernated' : 'hibernating';
  }

  async function collapse(id: string, clientGone: AbortSignal) {
    const { names, ids } = await transact('control', async (tx) => {
      const tree = await lockSubtree(tx, id);
      const target = tree.find((member) => member.id === id);
      if (!target || target.status === 'removed') return refuse('workspace_not_found');
      const children = await listChildren(tx, id);
      const members = tree.filter((member) => member.id !== id);
      const payload = { removed_children: children.map((child) => child.name) };
      await deps.removeMembers(tx, members, { events: [{ type: 'WORKSPACE_COLLAPSED', workspaceId: id, payload }] });
      return { names: children.map((child) => child.name), ids: members.map((member) => member.id) };
    });
    deps.nudge();
    const { failed } = await waitForSettlement(deps, ids, clientGone);
    return { names, stopFailures: failed.length };
  }

  async function setTemplate(id: string, template: string): Promise<void> {
    await transact('control', async (tx) => {
      const row = await lockVerbSubject(tx, id);
      if (!row || row.status === 'removed') return refuse('workspace_not_found');
      if (template !== '') {
        if (!deps.templates.isSafeName(template)) return refuse('invalid_template');
        if (deps.templates.find(template) === null) return refuse('unknown_template');
      }
      await writeStoredTemplate(tx, id, template || null);
      const spec = { ...row.spec, template: template || null };
      const changes = { template, needs_restart: needsRestart({ ...row, spec }) };
      await commit(tx, { events: [{ type: 'WORKSPACE_UPDATED', workspaceId: id, payload: { changes } }] });
    });
  }

  async function wake(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await transact('work', (tx) =>
      commit(tx, { transitions: ids.map((workspaceId) => ({ workspaceId, trigger: 'message_waiting' as const })) }),
    );
    deps.nudge();
  }

  /** What stands in the way of a start: a paused ancestor, or no backend (contract lifecycle §2.1). */
  async function checkStartable(tx: Tx, row: VerbSubject): Promise<void> {
    const ancestor = await findPausedAncestor(tx, row.id);
    if (ancestor !== null) {
      throw new AppError('ancestor_paused', { text: `parent workspace "${ancestor}" is paused — resume it first` });
    }
    const lookup = deps.provisioners.find(row.backend);
    if (!lookup.ok) throw new AppError('provisioner_not_available', { help: lookup.reason });
  }

  return { restart, pause, resume, hibernate, collapse, setTemplate, wake };
}
