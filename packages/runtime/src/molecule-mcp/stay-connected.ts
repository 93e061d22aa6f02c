import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { replaceFile } from '../journal/durable-file.js';
import { reasonOf } from '../log.js';
import { createCursorFile } from '../outside/cursor.js';
import { createInboxPoller } from '../outside/inbox-poller.js';
import { type InboxMessage, toInboxMessage } from '../outside/inbox-row.js';
import { createPresence, type PresenceEvent } from '../outside/presence.js';
import type { Random } from '../random.js';
import type { McpSettings } from './settings.js';
import type { ConnectedWorkspace } from './tools/tool.js';

export interface StayConnectedOptions {
  readonly workspace: ConnectedWorkspace;
  readonly settings: McpSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** To the person: always for errors, for the rest when they asked for it. */
  readonly say: (level: 'info' | 'warning' | 'error', line: string) => void;
  readonly onMessage: (message: InboxMessage) => void;
}

export interface Connected {
  /** False when the platform refuses the token at the very first call. */
  start(): Promise<boolean>;
  /** Beats and polls until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

const ID_SHOWN = 8;
const LOUD_FROM = 3;
const LOUD_EVERY = 20;

/** Presence and inbox of one workspace, for as long as its host runs (contract memory-mcp-rest §6.3, §7.3). */
export function stayConnected(options: StayConnectedOptions): Connected {
  const { workspace, settings, clock, random, say } = options;
  const shortId = workspace.id.slice(0, ID_SHOWN);
  const name = settings.workspaces.length > 1 ? `[${shortId}] ` : '';
  const startedMs = clock.monotonicMs();
  const secretPath = join(settings.configsDir, '.platform_inbound_secret');
  const cursorName = settings.workspaces.length > 1 ? `.mcp_inbox_cursor_${shortId}` : '.mcp_inbox_cursor';
  let secret = '';
  let wasAway = false;

  const presence = createPresence({
    client: workspace.client,
    clock,
    random,
    workspaceId: workspace.id,
    card: settings.card,
    facts: () => ({
      error_rate: 0,
      sample_error: '',
      active_tasks: 0,
      uptime_seconds: Math.floor((clock.monotonicMs() - startedMs) / 1_000),
    }),
    onSecret(fresh) {
      if (fresh === secret) return;
      secret = fresh;
      // Only the platform's own calls need it; being alive does not depend on it.
      replaceFile(secretPath, `${fresh}\n`).catch((error: unknown) => say('info', reasonOf(error)));
    },
    tell: onPresence,
  });
  const poller = createInboxPoller({
    client: workspace.client,
    clock,
    random,
    workspaceId: workspace.id,
    cursor: createCursorFile(join(settings.configsDir, cursorName), (error) => say('info', reasonOf(error))),
    async take(rows) {
      for (const row of rows) {
        const message = toInboxMessage(row, workspace.id, settings.platformUrl);
        if (message === null) continue;
        options.onMessage(
          settings.workspaces.length > 1 ? { ...message, arrival_workspace_id: workspace.id } : message,
        );
      }
    },
    tell(event) {
      if (event.kind === 'cursor_lost')
        say('info', `${name}the place in the inbox is gone; the last ten minutes are read`);
      else say('info', `${name}the inbox cannot be read: ${event.reason}`);
    },
  });

  function onPresence(event: PresenceEvent): void {
    switch (event.kind) {
      case 'registered':
        say('info', `${name}registered`);
        return;
      case 'online':
        say('info', `${name}online`);
        // A poll may hang on a connection that is gone.
        if (wasAway) poller.interrupt();
        wasAway = false;
        return;
      case 'unavailable':
        // Once per absence: an error stream is read by people.
        say(wasAway ? 'info' : 'warning', `${name}the platform cannot be reached: ${event.reason}`);
        wasAway = true;
        return;
      case 'refused':
        if (event.count < LOUD_FROM) {
          say('warning', `${name}the platform refused the token: ${event.reason}`);
        } else if ((event.count - LOUD_FROM) % LOUD_EVERY === 0) {
          say(
            'error',
            `${name}the token of workspace ${workspace.id} was revoked (refused ${event.count} times: ${event.reason}). The workspace was probably deleted. If not, a new token (canvas, tab Tokens, or POST /workspaces/:id/external/rotate) regenerates the connection; start this host again with it.`,
          );
        }
        return;
      case 'awake':
        poller.interrupt();
        say('info', `${name}the machine slept for ${Math.round(event.sleptMs / 1_000)} s`);
        return;
      default:
        event satisfies never;
    }
  }

  return {
    async start() {
      if (!settings.heartbeat) return true;
      const failure = await presence.register();
      return (
        failure === null || !(failure.kind === 'unauthorized' || (failure.kind === 'refused' && failure.status === 403))
      );
    },
    async run(signal) {
      await Promise.all([settings.heartbeat ? presence.run(signal) : null, settings.inbox ? poller.run(signal) : null]);
    },
  };
}
