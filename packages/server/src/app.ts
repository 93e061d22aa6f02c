import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Routes, routes, TENANT_OPEN_PATHS } from '@molecule/contract';
import type { FastifyInstance } from 'fastify';
import { type Config, ConfigError } from './config.js';
import { createA2A } from './features/a2a/index.js';
import { type Actor, createAccess, createWorkspaceTokenHandlers } from './features/access/index.js';
import { createActivity } from './features/activity/index.js';
import { createAgentHandlers } from './features/agents/index.js';
import { createBundleHandlers } from './features/bundles/index.js';
import { createCanvasHandlers } from './features/canvas/index.js';
import { createChannels } from './features/channels/index.js';
import { createDownloadHandlers } from './features/downloads/index.js';
import { createLive } from './features/live/index.js';
import { createMessages, createRestartContexts } from './features/messages/index.js';
import { createOps } from './features/ops/index.js';
import { createImportWriter, createOrgs } from './features/orgs/index.js';
import { createRegistry } from './features/registry/index.js';
import { createSchedules } from './features/schedules/index.js';
import { createSecretHandlers, createSecrets } from './features/secrets/index.js';
import { createTemplates } from './features/templates/index.js';
import {
  applyTransitions,
  createWorkspaces,
  githubAppToken,
  gitIdentity,
  workspaceReads,
} from './features/workspaces/index.js';
import { createLeaseKeeper } from './platform/claim-keeper.js';
import { type Clock, createSystemClock } from './platform/clock.js';
import { createCommit } from './platform/commit.js';
import type { DataDir } from './platform/data-dir.js';
import { createDatabase, type DatabaseHandle, type LaneSizes } from './platform/db.js';
import { observeConnections } from './platform/db-metrics.js';
import { createEventFeed } from './platform/event-feed.js';
import { announceHost, findOtherHost } from './platform/hosts.js';
import { serveCanvas } from './platform/http/canvas-files.js';
import type { HandlersFor } from './platform/http/handlers.js';
import { createHttpMetrics } from './platform/http/http-metrics.js';
import { createHttpServer, createRequestIds } from './platform/http/http-server.js';
import { createHostCheck } from './platform/http/own-host.js';
import type { Logger } from './platform/logger.js';
import { createMetrics } from './platform/metrics.js';
import { createRandom, type Random } from './platform/random.js';
import { createSupervisor } from './platform/supervisor.js';
import { createTransact } from './platform/transact.js';
import type { Ports } from './ports.js';
import { createExternalDriver } from './provisioners/external/external.driver.js';
import { createHostProcessTable } from './provisioners/process/host-process-table.js';
import { createRuntimeInstaller } from './provisioners/process/installs/runtime-installer.js';
import { createRuntimePackages } from './provisioners/process/installs/runtime-packages.js';
import { createProcessDriver } from './provisioners/process/process.driver.js';
import type { Provisioner } from './provisioners/provisioner.js';
import { createProvisionerRegistry } from './provisioners/registry.js';
import { createProvisioner } from './provisioners/shared-semantics.js';
import { createUrlGuard } from './proxy/url-guard.js';

/** What a server needs to know besides its configuration: found or made by main.ts. */
export interface AppInput {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly dataDir: DataDir;
  readonly logger: Logger;
  readonly version: string;
  readonly gitSha: string;
  /** PATH and LANG for agents. */
  readonly baseEnvironment: { readonly path: string; readonly lang: string };
  /** For npm, when a runtime is installed. */
  readonly installEnvironment: Readonly<Record<string, string>>;
}

/** Seams for tests; production gives none. */
export interface AppOverrides {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly laneSizes?: LaneSizes;
  /** How long a request waits for a connection before it is refused. */
  readonly acquireTimeoutMs?: number;
  readonly provisioners?: readonly Provisioner[];
  /** In place of the package that was built with this server. */
  readonly mcpPackage?: string;
  /** Kind of the provisioner that runs new workspaces. */
  readonly defaultBackend?: string;
}

export interface App {
  readonly http: FastifyInstance;
  readonly ports: Ports;
  readonly database: DatabaseHandle;
  /** Starts loops, takes up this host's workspaces and listens. Resolves with the URL for this machine. */
  start(): Promise<{ readonly url: string; readonly port: number }>;
  createLoginLink(): Promise<string>;
  /** Stops taking requests, finishes what is under way, stops local agents, closes the database. May be repeated. */
  close(): Promise<void>;
}

const LEASE_MS = 15_000;
const DRAIN_MS = 15_000;
const DELIVERY_GRACE_MS = 5_000;
const CANVAS_FOLDER = fileURLToPath(new URL('../../canvas/dist', import.meta.url));
const MCP_PACKAGE = fileURLToPath(new URL('../../runtime/dist/molecule-mcp.tgz', import.meta.url));
const RUNTIME_BUNDLE = fileURLToPath(new URL('../../runtime/dist/bundle/main.js', import.meta.url));

/** The composition root: everything that exists, in the order in which it depends on each other. */
export async function createApp(input: AppInput, overrides: AppOverrides = {}): Promise<App> {
  const { config, dataDir, logger } = input;
  const address = { port: config.port };
  const localUrl = (): string => `http://127.0.0.1:${address.port}`;

  const clock = overrides.clock ?? createSystemClock();
  const random = overrides.random ?? createRandom();
  const metrics = createMetrics({ processMetrics: true });
  const failures = metrics.counter({
    name: 'molecule_background_failures_total',
    help: 'Cycles of loops and background tasks that threw.',
    labels: {},
  });
  const supervisor = createSupervisor({ clock, random, logger, onFailure: () => failures.inc({}) });
  const database = createDatabase({
    url: input.databaseUrl,
    logger,
    ...(overrides.laneSizes ? { laneSizes: overrides.laneSizes } : {}),
    ...(overrides.acquireTimeoutMs ? { acquireTimeoutMs: overrides.acquireTimeoutMs } : {}),
  });
  observeConnections(metrics, database);
  const { lanes } = database;
  const feed = createEventFeed({
    url: input.databaseUrl,
    clock,
    supervisor,
    logger,
    alone: config.databaseUrl === null,
  });
  const ports: Ports = {
    clock,
    random,
    logger,
    metrics,
    supervisor,
    lanes,
    feed,
    transact: createTransact(lanes, () => feed.notifyCommitted()),
    commit: createCommit(applyTransitions),
  };
  const leases = createLeaseKeeper({ db: lanes.health, clock, supervisor, logger, leaseMs: LEASE_MS });

  const table = createHostProcessTable();
  const installer = createRuntimeInstaller({
    runtimesDir: dataDir.runtimes,
    packages: createRuntimePackages(process.platform, process.arch),
    mayInstall: config.runtimeInstalls,
    environment: input.installEnvironment,
    table,
    clock,
    random,
    log: logger,
  });
  const provisioners = createProvisionerRegistry(
    overrides.provisioners ?? [
      createProvisioner(
        createProcessDriver({
          workspacesDir: dataDir.workspaces,
          hostId: dataDir.hostId,
          commandFor: () => [process.execPath, RUNTIME_BUNDLE],
          baseEnvironment: input.baseEnvironment,
          installer,
          table,
          clock,
          random,
          log: logger,
        }),
      ),
      createProvisioner(createExternalDriver({ clock })),
    ],
  );
  const backends = provisioners.all.map(({ kind }) => kind);
  const urlGuard = createUrlGuard({ loopbackAllowed: config.developmentEnvironment });
  const access = createAccess({
    ...ports,
    adminToken: config.adminToken ?? dataDir.adminToken,
    developmentMode: config.developmentMode,
    testTokens: config.testTokens,
    isTenant: config.orgId !== null,
    cookieName: () => `molecule_session_${address.port}`,
    trustedOrigins: config.trustedOrigins,
    publicUrl: config.publicUrl,
  });
  const templates = createTemplates({ ...ports, userFolder: config.templatesDir, ownFolder: dataDir.templates });
  const secretsKey = config.secretsKey ?? dataDir.secretsKey;
  const secrets = createSecrets({
    ...ports,
    key: secretsKey,
    backends,
  });
  const workspaces = createWorkspaces({
    ...ports,
    provisioners,
    leases,
    leaseMs: LEASE_MS,
    hostId: dataDir.hostId,
    templates,
    secrets,
    tokens: access.tokens,
    // In this order. What mints credentials for an agent comes last, when everything else about it is settled.
    envMutators: [gitIdentity, ...(config.githubApp ? [githubAppToken(config.githubApp, ports.clock)] : [])],
    restartContexts: createRestartContexts({ ...ports, secrets }),
    checkClaimedUrl: urlGuard.ensureClaimedUrl,
    defaultBackend: overrides.defaultBackend ?? 'process',
    platformUrl: localUrl,
    memoryMbOf: (tier) => memoryMbOf(config, tier),
    publicUrl: config.publicUrl,
    startsMax: config.provisionConcurrency,
    startsMaxFrom: config.provisionConcurrencyFrom,
    provisionTimeoutSeconds: config.provisionTimeoutSeconds,
    externalSilenceSeconds: config.externalSilenceSeconds,
  });
  const activity = createActivity({ ...ports, retentionDays: config.activityRetentionDays });
  const messages = createMessages({
    ...ports,
    leases,
    leaseMs: LEASE_MS,
    access,
    activity,
    urlGuard,
    workspaces: workspaceReads,
    wakeUp: workspaces.lifecycle.wake,
    limits: {
      idleMs: config.idleTimeoutSeconds * 1_000,
      stuckAfterSeconds: config.stuckAfterSeconds,
      // Never so seldom that a stop of this server could pass for the silence of an agent.
      sweepEveryMs: Math.min(config.stuckSweepSeconds, config.stuckAfterSeconds / 2) * 1_000,
    },
  });
  const a2a = createA2A({
    ...ports,
    access,
    workspaces: workspaceReads,
    tasks: messages.tasks,
    publicUrl: config.publicUrl,
    urlGuard,
    secretsKey,
  });
  const registry = createRegistry({
    ...ports,
    workspaces: workspaceReads,
    tokens: access.tokens,
    checkClaimedUrl: urlGuard.checkClaimedUrl,
    developmentMode: config.developmentMode,
    publicUrl: config.publicUrl,
  });
  const schedules = createSchedules(ports);
  const channels = createChannels({ ...ports, key: secretsKey });
  const writer = createImportWriter({ ...ports, verbs: workspaces.verbs, schedules, channels });
  const orgs = createOrgs({
    ...ports,
    userFolder: config.orgTemplatesDir,
    templates,
    secrets,
    schedules,
    channels,
    pluginFolders: config.templatesDir === null ? [] : [join(config.templatesDir, '..', 'plugins')],
    writer,
    checkClaimedUrl: urlGuard.ensureClaimedUrl,
  });
  const bundleHandlers = createBundleHandlers({
    ...ports,
    workspaces: workspaceReads,
    templates,
    secrets,
    writer,
    openConfiguration: workspaces.openConfiguration,
  });
  const live = createLive({ ...ports, access, workspaces: workspaceReads, version: input.version });
  const ops = createOps({
    ...ports,
    version: input.version,
    gitSha: input.gitSha,
    metricsToken: config.metricsToken,
    isDraining: () => draining,
  });

  const handlers = {
    ...access.handlers,
    ...createWorkspaceTokenHandlers({ ...ports, tokens: access.tokens, backends, nudge: workspaces.verbs.nudge }),
    ...templates.handlers,
    ...createSecretHandlers({ secrets, lanes, nudge: workspaces.verbs.nudge }),
    ...workspaces.handlers,
    ...createAgentHandlers(ports),
    ...createCanvasHandlers(ports),
    ...activity.handlers,
    ...messages.handlers,
    ...a2a.handlers,
    ...registry.handlers,
    ...orgs.handlers,
    ...bundleHandlers,
    ...createDownloadHandlers(overrides.mcpPackage ?? MCP_PACKAGE),
    ...live.handlers,
    ...ops.handlers,
  } satisfies HandlersFor<Routes, Actor>;

  let draining = false;
  const observe = createHttpMetrics(metrics, routes);
  const http = await createHttpServer<Actor>({
    routes,
    handlers,
    gate: access.gate,
    rateLimit: config.developmentMode ? null : { perMinute: config.rateLimit, keyOf: access.rateKeyOf },
    checkHost: createHostCheck({ host: config.host, publicUrl: config.publicUrl, corsOrigins: config.corsOrigins }),
    crossOrigin: { listed: config.corsOrigins, publicUrl: config.publicUrl },
    tenant:
      config.orgId === null ? null : { orgId: config.orgId, openPaths: TENANT_OPEN_PATHS, publicUrl: config.publicUrl },
    trustedProxies: config.trustedProxies,
    requestId: createRequestIds(random.token(9)),
    logger,
    clock,
    observe,
    isDraining: () => draining,
  });
  await serveCanvas(http, CANVAS_FOLDER);

  /** A free port is first of all the one on which the agents of a killed predecessor look for this server. */
  async function listen(): Promise<void> {
    const { port, host } = config;
    if (port === 0 && dataDir.lastPort !== null) {
      try {
        await http.listen({ port: dataDir.lastPort, host });
        return;
      } catch (error) {
        logger.warn({ err: error }, 'the last port is taken: agents that live on are started again for another');
      }
    }
    await http.listen({ port, host });
  }

  let closing: Promise<void> | null = null;
  async function shutDown(): Promise<void> {
    draining = true;
    live.closeAll();
    activity.standDown();
    await messages.standDown(DELIVERY_GRACE_MS);
    // Idle keep-alive connections end at once; requests under way get their answers.
    await http.close();
    await workspaces.standDown().catch((error: unknown) => logger.warn({ err: error }, 'agents were not stood down'));
    await supervisor.stop(DRAIN_MS);
    await feed.close();
    await Promise.all(provisioners.all.map((provisioner) => provisioner.close()));
    await a2a.close();
    await messages.close();
    await activity.drain();
    await registry.close();
    await database.close();
  }

  return {
    http,
    ports,
    database,
    async start() {
      await secrets.verifyKey(lanes.control);
      await feed.start();
      const host = { id: dataDir.hostId, name: hostname() };
      const other = await findOtherHost(lanes.health, host);
      if (other !== null) requireSharedSecrets(config, other.name);
      await announceHost({ db: lanes.health, supervisor }, host);
      await listen();
      const bound = http.server.address();
      if (typeof bound === 'object' && bound !== null) address.port = bound.port;
      supervisor.start();
      supervisor.background('sweep-runtime-installs', () => installer.sweep());
      await workspaces.resume();
      return { url: localUrl(), port: address.port };
    },
    createLoginLink: () => access.createLoginLink(config.publicUrl ?? localUrl()),
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}

/** Contract lifecycle §14.3: tier 1 is not limited, and a tier nobody knows counts as 2. */
function memoryMbOf(config: Config, tier: number): number | null {
  if (tier === 1) return null;
  if (tier === 4) return config.tier4MemoryMb;
  return tier === 3 ? config.tier3MemoryMb : config.tier2MemoryMb;
}

/** Generated credentials differ from host to host; replicas must be given the same ones (design §5). */
function requireSharedSecrets(config: Config, other: string): void {
  if (config.adminToken !== null && config.secretsKey !== null) return;
  throw new ConfigError(
    `Another server (${other}) uses this database. Set the same ADMIN_TOKEN and SECRETS_ENCRYPTION_KEY on both.`,
  );
}
