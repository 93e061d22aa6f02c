import type { Routes } from '@molecule/contract';
import { createAttention } from '../../platform/attention.js';
import type { LeaseKeeper } from '../../platform/claim-keeper.js';
import { toError } from '../../platform/errors.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import type { Actor } from '../access/index.js';
import type { ConfigSourceInput } from './config-source.js';
import { createConfigurationOpener, type OpenConfiguration } from './configuration.js';
import { createExitReports } from './exit-reports.js';
import { createExternalHandlers, type ExternalHandlers } from './external.routes.js';
import { createExternalVerbs } from './external.service.js';
import { createFileHandlers, type FileHandlers } from './files.routes.js';
import { createFileVerbs } from './files.service.js';
import { sweepLostHosts } from './hosts.sweeper.js';
import { sweepIdle } from './idle.sweeper.js';
import { createInstanceReports } from './instance-reports.js';
import { createReportHandlers, type ReportHandlers } from './instance-reports.routes.js';
import type { StartSources } from './instance-start.js';
import { createLifecycleHandlers, type LifecycleHandlers } from './lifecycle-verbs.routes.js';
import { createLifecycleVerbs, type LifecycleVerbs, type LifecycleVerbsDeps } from './lifecycle-verbs.service.js';
import { listOrphans } from './orphans.store.js';
import { sweepOrphans } from './orphans.sweeper.js';
import { sweepOverdueStarts } from './provisioning-timeout.sweeper.js';
import { createReconciler } from './reconciler.js';
import { createInstallWatch } from './runtime-installs.watch.js';
import { defaultStartLimitSeconds } from './runtimes.js';
import { createRuntimeHandlers, type RuntimeHandlers } from './runtimes.routes.js';
import { sweepSilence } from './silence.sweeper.js';
import { listHosted, makeOwnInstancesDue, markStopped } from './sweeps.store.js';
import { createWorkspaceHandlers, type WorkspaceHandlers } from './workspaces.routes.js';
import { createWorkspaceVerbs, type WorkspaceServiceDeps, type WorkspaceVerbs } from './workspaces.service.js';
import { workspaceReads } from './workspaces.views.js';
import { createWorkspaceWorker } from './workspaces.worker.js';

export type { Configuration, OpenConfiguration } from './configuration.js';
export { gitIdentity } from './env-mutators.js';
export { githubAppToken } from './github-app.js';
export {
  type Beat,
  type BeatFacts,
  type BeatOutcome,
  ensureInboundSecret,
  raiseMonthlySpend,
  writeBeats,
} from './liveness.store.js';
export type { WorkspaceCard, WorkspaceReads } from './reads.js';
export {
  findRegistrant,
  insertSelfRegistered,
  lockRegistrant,
  type Program,
  type Registrant,
  writeAgentCard,
  writeProgram,
  writeRegistration,
} from './registration.store.js';
export { DEFAULT_RUNTIME, sanitizeRuntime } from './runtimes.js';
export { StartRefusal } from './start-refusal.js';
export type { Transition, TransitionOutcome } from './transition.js';
export { applyTransitions } from './transitions.store.js';
export type { NewWorkspace, WorkspaceVerbs } from './workspaces.service.js';
export { listRestartable, lockLive, type WorkspaceName, writeChosenModel } from './workspaces.store.js';
export type { WorkspaceSpec } from './workspaces.types.js';
export { checkCreateFields, parseAccess, parseWorkspaceDir } from './workspaces.validation.js';
export { workspaceReads } from './workspaces.views.js';

export interface WorkspacesDeps
  extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'clock' | 'random' | 'logger' | 'supervisor' | 'feed'> {
  readonly provisioners: ProvisionerRegistry;
  readonly leases: LeaseKeeper;
  readonly leaseMs: number;
  readonly hostId: string;
  readonly templates: WorkspaceServiceDeps['templates'] &
    StartSources['templates'] &
    ConfigSourceInput['templates'] & {
      /** Declared by a template for its runtime, in seconds; null when none does (contract lifecycle §5.3). */
      provisionTimeoutSeconds(runtime: string): number | null;
      /** Changes with the files of a template, as of the last look at them; null when there is none of this name. */
      hashOf(name: string): string | null;
    };
  readonly secrets: WorkspaceServiceDeps['secrets'] & StartSources['secrets'];
  readonly tokens: WorkspaceServiceDeps['tokens'] & StartSources['tokens'];
  readonly envMutators: StartSources['envMutators'];
  readonly restartContexts: LifecycleVerbsDeps['restartContexts'];
  readonly checkClaimedUrl: WorkspaceServiceDeps['checkClaimedUrl'];
  readonly defaultBackend: string;
  readonly platformUrl: () => string;
  readonly memoryMbOf: StartSources['memoryMbOf'];
  readonly publicUrl: string | null;
  readonly startsMax: number;
  readonly startsMaxFrom: string;
  /** Overrides every limit of a start, in seconds. */
  readonly provisionTimeoutSeconds: number | null;
  readonly externalSilenceSeconds: number;
}

export interface Workspaces {
  readonly verbs: WorkspaceVerbs;
  readonly lifecycle: LifecycleVerbs;
  readonly openConfiguration: OpenConfiguration;
  readonly handlers: LifecycleHandlers &
    FileHandlers &
    ExternalHandlers &
    ReportHandlers &
    RuntimeHandlers &
    WorkspaceHandlers &
    Pick<HandlersFor<Routes, Actor>, 'listOrphans'>;
  /** Takes up what this host was running: adopts what lives, starts again what does not. Call once, before serving. */
  resume(): Promise<void>;
  /** Stops what this host runs and says so on the rows, so that the next start takes them up again. For orderly shutdown. */
  standDown(): Promise<void>;
}

/** Longer than a driver's own patience with an agent that ignores being asked. */
const STAND_DOWN_MS = 12_000;
const STARTS_SWEEP_MS = 30_000;
const INSTALLS_LOOK_MS = 1_000;
const BEATS_SWEEP_MS = 15_000;
const IDLE_SWEEP_MS = 120_000;
const ORPHANS_SWEEP_MS = 60_000;
const MANAGED_SILENCE_SECONDS = 180;

export function createWorkspaces(deps: WorkspacesDeps): Workspaces {
  const { supervisor } = deps;
  const reconciler = createReconciler(deps);
  const worker = createWorkspaceWorker({ ...deps, reconciler });
  const nudge = (): void => worker.nudge();
  const verbs = createWorkspaceVerbs({ ...deps, nudge });
  const lifecycle = createLifecycleVerbs({ ...deps, removeMembers: verbs.removeMembers, nudge });
  const exits = createExitReports({ ...deps, reconciler, nudge });
  for (const provisioner of deps.provisioners.all) provisioner.onExit(exits.take);

  // One accessor for the sweeper and for what the canvas is told, so that neither gives up before the other (R16).
  const declaredSeconds = (runtime: string): number | null =>
    deps.provisionTimeoutSeconds ?? deps.templates.provisionTimeoutSeconds(runtime);
  const limitSecondsOf = (runtime: string): number => declaredSeconds(runtime) ?? defaultStartLimitSeconds(runtime);

  const lookAtInstalls = createInstallWatch(deps);
  supervisor.loop({
    name: 'runtime-installs',
    everyMs: INSTALLS_LOOK_MS,
    run: async () => {
      if (await lookAtInstalls()) worker.nudge();
    },
  });
  const startsAttention = createAttention(deps.clock, 4 * STARTS_SWEEP_MS);
  supervisor.loop({
    name: 'provision-timeout-sweep',
    everyMs: STARTS_SWEEP_MS,
    run: () =>
      startsAttention.during(async (seconds) => {
        await sweepOverdueStarts({ ...deps, limitSecondsOf }, seconds);
      }),
  });
  const beatsAttention = createAttention(deps.clock, 4 * BEATS_SWEEP_MS);
  supervisor.loop({
    name: 'health-sweep',
    everyMs: BEATS_SWEEP_MS,
    run: () =>
      beatsAttention.during((seconds) =>
        sweepSilence({ ...deps, managedSilenceSeconds: MANAGED_SILENCE_SECONDS }, seconds),
      ),
  });
  supervisor.loop({ name: 'hibernation-monitor', everyMs: IDLE_SWEEP_MS, run: () => sweepIdle(deps) });
  const orphans = supervisor.loop({
    name: 'orphan-sweep',
    everyMs: ORPHANS_SWEEP_MS,
    run: (signal) => sweepOrphans(deps, signal),
  });
  supervisor.loop({ name: 'host-sweep', everyMs: 60_000, run: () => sweepLostHosts(deps) });

  return {
    verbs,
    lifecycle,
    openConfiguration: createConfigurationOpener(deps),
    handlers: {
      ...createLifecycleHandlers(lifecycle),
      listOrphans: async ({ query }) => ({
        status: 200,
        body: await listOrphans(deps.lanes.control, query.limit ?? 100, query.after),
      }),
      ...createFileHandlers(createFileVerbs(deps)),
      ...createRuntimeHandlers({ db: deps.lanes.control, provisioners: deps.provisioners, hostId: deps.hostId }),
      ...createExternalHandlers(
        createExternalVerbs({ ...deps, find: (id) => workspaceReads.find(deps.lanes.control, id) }),
        deps.publicUrl,
      ),
      ...createReportHandlers(deps.lanes.control, createInstanceReports(deps)),
      ...createWorkspaceHandlers({
        verbs,
        db: deps.lanes.control,
        publicUrl: deps.publicUrl,
        templates: {
          provisionTimeoutOf: (runtime) => {
            const seconds = declaredSeconds(runtime);
            return seconds === null ? null : seconds * 1000;
          },
          hashOf: deps.templates.hashOf,
        },
      }),
    },
    async resume() {
      const count = await makeOwnInstancesDue(deps.lanes.work, deps.hostId);
      if (count > 0) deps.logger.info({ count }, 'taking up the workspaces of this host');
      worker.nudge();
      orphans.nudge();
    },
    async standDown() {
      const rows = await listHosted(deps.lanes.work, deps.hostId);
      const stopped: string[] = [];
      await Promise.all(
        rows.map(async (row) => {
          const lookup = deps.provisioners.find(row.backend);
          if (!lookup.ok || !lookup.provisioner.capabilities.stopsWithServer) return;
          const ref = { workspaceId: row.id, generation: row.generation, record: row.instance };
          try {
            await lookup.provisioner.stop(ref, AbortSignal.timeout(STAND_DOWN_MS));
            stopped.push(row.id);
          } catch (error) {
            deps.logger.warn(
              { workspace: row.id, err: toError(error) },
              'instance not stopped; the next start adopts it',
            );
          }
        }),
      );
      if (stopped.length === 0) return;
      await deps.transact('work', async (tx) => {
        await markStopped(tx, stopped);
        await deps.commit(tx, {
          transitions: stopped.map((workspaceId) => ({
            workspaceId,
            trigger: 'instance_ended' as const,
            why: 'The server was stopped; the agent starts again with it.',
          })),
        });
      });
    },
  };
}
