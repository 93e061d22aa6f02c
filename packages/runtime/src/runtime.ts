import { mkdir } from 'node:fs/promises';
import { AgentCard } from '@a2a-js/sdk';
import type { RuntimeExitCode } from '@molecule/contract/runtime-exit';
import { type A2AServer, startA2AServer } from './a2a/a2a-server.js';
import { cardExtras, createCard, createLegacyCard } from './a2a/card.js';
import { createRequestHandler } from './a2a/request-handler.js';
import { createRpcDispatcher } from './a2a/rpc.js';
import type { AdapterContext, PlatformTools } from './adapters/adapter.js';
import { type AdapterChoice, loadAdapter } from './adapters/registry.js';
import type { Clock } from './clock.js';
import { loadConfig } from './config/load-config.js';
import type { RuntimeConfig } from './config/runtime-config.js';
import { CONTACT_LOST_MS, createConnection } from './connection/connection.js';
import type { RuntimeEnv } from './env.js';
import { StartupError } from './exit.js';
import { type Journal, openJournal } from './journal/journal.js';
import { type Log, reasonOf } from './log.js';
import { createPlatformClient } from './platform/platform-client.js';
import { createPlatformTools } from './platform/platform-tools.js';
import { sendToSelf } from './platform/self-message.js';
import { createPromptFiles, TOTAL_BYTES_MAX } from './prompt/prompt-files.js';
import { createRecentFailures } from './prompt/recent-failures.js';
import type { Random } from './random.js';
import {
  findInboundSecret,
  forgetSessions,
  initialPromptMarker,
  journalPath,
  readToken,
  removeReadyNote,
  resetRequest,
  storeInboundSecret,
  writeReadyNote,
} from './run-files.js';
import { createSelfPrompts } from './self-prompts/self-prompts.js';
import type { TurnRequest } from './turns/turn-outcome.js';
import { createTurns } from './turns/turns.js';

export interface RuntimePorts {
  readonly env: RuntimeEnv;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The argument vector that serves the platform tools over MCP, for agent programs. */
  readonly toolServer: readonly string[];
  readonly process: { readonly pid: number; readonly startedAt: Date };
  /** Replaces the adapter `config.yaml` names; for tests. */
  readonly loadAdapter?: typeof loadAdapter;
}

export interface Runtime {
  readonly url: string;
  /** Asks for an orderly stop; repeatable. */
  stop(): void;
  /** Resolves once everything is closed, with the code to exit with. */
  readonly exited: Promise<RuntimeExitCode>;
}

// Below the ten seconds after which the process driver kills (design §6).
const STOP_GRACE_MS = 8_000;
const QUEUE_MAX = 32;

/** The composition root: everything the agent process consists of, wired once. */
export async function startRuntime(ports: RuntimePorts): Promise<Runtime> {
  const { env, clock, random, log } = ports;
  const now = () => clock.now().toISOString();

  const config = await loadConfig(env.configPath);
  checkRequiredEnv(config, env);
  const token = await readToken(env);
  const choice = await (ports.loadAdapter ?? loadAdapter)({
    env,
    config,
    clock,
    random,
    log,
    toolServer: ports.toolServer,
  });
  const { adapter } = choice;
  const failures = createRecentFailures(clock);
  await mkdir(env.runDir, { recursive: true, mode: 0o700 });
  const journal = await openJournal({ path: journalPath(env), log });
  await forgetWhenAsked(env, journal, log);
  let inboundSecret = await findInboundSecret(env);
  let secretStored = Promise.resolve();

  const client = createPlatformClient({
    baseUrl: env.platformUrl,
    workspaceId: env.workspaceId,
    token,
    onUnauthorized: (reason) => connection.unauthorized(reason),
  });
  const turns = createTurns({
    journal,
    adapter,
    clock,
    log,
    maxConcurrent: config.maxConcurrentTasks,
    queueMax: QUEUE_MAX,
    createContext,
    onActivityChanged: () => connection.activityChanged(),
    onIdle: () => connection.idle(),
  });
  const requestHandler = createRequestHandler({
    card: () => card,
    journal,
    turns,
    workspaceId: env.workspaceId,
    replyMetadata: { demo: adapter.demo, adapter: adapter.name, model: adapter.model },
    uuid: random.uuid,
    now,
  });
  const server = await startA2AServer({
    clock,
    log,
    dispatcher: createRpcDispatcher(requestHandler),
    card: (version) => (version === '1.0' ? AgentCard.toJSON(card) : fullCard),
    inboundSecret: () => inboundSecret,
  });
  const cardOptions = { config, adapter, url: server.url, fallbackReason: choice.fallbackReason };
  const card = createCard(cardOptions);
  const fullCard = { ...createLegacyCard(card), ...cardExtras(cardOptions) };

  let finish: (code: RuntimeExitCode) => void = () => undefined;
  const exited = new Promise<RuntimeExitCode>((resolve) => {
    finish = resolve;
  });
  const connection = createConnection({
    client,
    clock,
    random,
    log,
    registration: () => ({ id: env.workspaceId, url: server.url, agent_card: fullCard, delivery_mode: 'push' }),
    heartbeat,
    onLive: () => selfPrompts.start(),
    onInboundSecret,
    turns,
    exit: (code, reason) => {
      leave(code, reason).catch((error: unknown) => {
        log.error('leaving_unclean', { reason: reasonOf(error) });
        finish(code);
      });
    },
  });

  const selfPrompts = createSelfPrompts({
    config,
    clock,
    random,
    log,
    isFree,
    marker: initialPromptMarker(env),
    read: async (source) =>
      'text' in source
        ? source.text
        : createPromptFiles(env.configsDir, log, TOTAL_BYTES_MAX).read(source.file, { expected: true }),
    send: (message, options) => sendToSelf(client, env.workspaceId, message, options),
  });

  await writeReadyNote(env, {
    port: server.port,
    url: server.url,
    pid: ports.process.pid,
    startTime: ports.process.startedAt.toISOString(),
    instanceId: env.instanceId,
  });
  logStart(log, env, config, choice, server);
  connection.start();
  await turns.recover();
  return { url: server.url, stop, exited };

  async function createContext(
    request: TurnRequest,
    signal: AbortSignal,
    restartNote: string | null,
  ): Promise<AdapterContext> {
    const self = { id: env.workspaceId, name: config.name, role: config.role ?? (config.description || null) };
    const patienceMs = CONTACT_LOST_MS;
    const { workspaceId } = env;
    const tools = createPlatformTools({
      client,
      clock,
      workspaceId,
      messageId: request.messageId,
      patienceMs,
      signal,
    });
    const platform = failures.observe(tools);
    return { signal, self, systemPrompt: await readPrompt(self, platform, restartNote, signal), platform };
  }

  /** A demo has no use for a prompt and does not load what assembles it. */
  async function readPrompt(
    self: AdapterContext['self'],
    platform: PlatformTools,
    restartNote: string | null,
    signal: AbortSignal,
  ): Promise<string> {
    if (adapter.demo) return '';
    const { readTurnPrompt } = await import('./prompt/turn-prompt.js');
    const lastDelegationFailures = failures.list();
    return readTurnPrompt({
      configDir: env.configsDir,
      config,
      self,
      lastDelegationFailures,
      restartNote,
      platform,
      clock,
      log,
      signal,
    });
  }

  function heartbeat() {
    const activity = turns.activity();
    return {
      workspace_id: env.workspaceId,
      error_rate: activity.errorRate,
      sample_error: activity.sampleError,
      active_tasks: activity.running,
      current_task: activity.currentTask,
      uptime_seconds: Math.floor((clock.now().getTime() - ports.process.startedAt.getTime()) / 1000),
      runtime_metadata: { demo: adapter.demo, model: adapter.model },
    };
  }

  function isFree(): boolean {
    const { running, waiting } = turns.activity();
    return running + waiting === 0 && connection.state() === 'live';
  }

  function onInboundSecret(secret: string): void {
    if (secret === inboundSecret) return;
    inboundSecret = secret;
    secretStored = secretStored
      .then(() => storeInboundSecret(env, secret))
      .catch((error: unknown) => log.error('inbound_secret_not_stored', { reason: reasonOf(error) }));
  }

  function stop(): void {
    selfPrompts.stop();
    connection.stop();
    clock.after(STOP_GRACE_MS, () => turns.abort('The agent was stopped before it finished.'));
  }

  async function leave(code: RuntimeExitCode, reason: string): Promise<void> {
    log.info('leaving', { code, reason });
    selfPrompts.stop();
    turns.abort(reason);
    await server.close();
    await journal.close();
    await secretStored;
    await removeReadyNote(env);
    finish(code);
  }
}

/** Asked for by a restart. The wish goes only once it is fulfilled on disk; to fulfil it twice does no harm. */
async function forgetWhenAsked(env: RuntimeEnv, journal: Journal, log: Log): Promise<void> {
  const reset = resetRequest(env);
  if (!(await reset.exists())) return;
  await journal.forgetConversations();
  await forgetSessions(env);
  await reset.done();
  log.info('conversations_forgotten', {});
}

function checkRequiredEnv(config: RuntimeConfig, env: RuntimeEnv): void {
  const missing = config.requiredEnv.filter((name) => !env.variables[name]);
  if (missing.length === 0) return;
  throw new StartupError(
    `${config.name} needs ${missing.join(', ')}. Add ${missing.length === 1 ? 'it' : 'them'} as a secret and start it again.`,
  );
}

function logStart(log: Log, env: RuntimeEnv, config: RuntimeConfig, choice: AdapterChoice, server: A2AServer): void {
  log.info('listening', {
    workspace_id: env.workspaceId,
    name: config.name,
    runtime: config.runtime,
    adapter: choice.adapter.name,
    demo: choice.adapter.demo,
    model: choice.adapter.model,
    fallback_reason: choice.fallbackReason ?? undefined,
    url: server.url,
  });
}
