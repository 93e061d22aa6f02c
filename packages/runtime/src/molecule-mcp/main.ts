#!/usr/bin/env node
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { systemClock } from '../clock.js';
import { readVariables } from '../env.js';
import { reasonOf } from '../log.js';
import { createPlatformClient } from '../platform/platform-client.js';
import { systemRandom } from '../random.js';
import { toChannelNotice } from './channel-notice.js';
import { findConfigsDir, readTokenFile } from './configs-dir.js';
import { createInbox } from './inbox.js';
import { buildInstructions } from './instructions.js';
import { createMcpServers } from './mcp-server.js';
import { helpText, type McpSettings, readMcpEnvironment } from './settings.js';
import { stayConnected } from './stay-connected.js';
import type { ConnectedWorkspace } from './tools/tool.js';

/** Exit codes that hosts know (contract memory-mcp-rest §6.2, §6.3). */
const EXIT = { misconfigured: 2, refused: 3 } as const;
const VERSION = '1.0.0';

const environment = readMcpEnvironment({ variables: readVariables(), readTokenFile, findConfigsDir });
if (environment.ok) {
  await serve(environment.settings);
} else {
  process.stderr.write(helpText(environment.problems));
  process.exitCode = EXIT.misconfigured;
}

async function serve(settings: McpSettings): Promise<void> {
  // The protocol owns the output; people read the error stream.
  const say = (level: 'info' | 'warning' | 'error', line: string): void => {
    if (level !== 'info' || settings.verbose) process.stderr.write(`molecule-mcp ${level}: ${line}\n`);
  };
  const [first, ...others] = settings.workspaces.map(
    ({ id, token }): ConnectedWorkspace => ({
      id,
      client: createPlatformClient({
        baseUrl: settings.platformUrl,
        workspaceId: id,
        token,
        headers: { origin: settings.platformUrl },
        // Counted by the heartbeat, which also says it.
        onUnauthorized: () => {},
      }),
    }),
  );
  if (first === undefined) return;
  const workspaces = [first, ...others] as const;
  const inbox = settings.inbox ? createInbox(systemClock) : null;
  const mcp = createMcpServers({
    environment: {
      workspaces,
      sourceOfPeer: new Map(),
      inbox,
      clock: systemClock,
      random: systemRandom,
      delegationSeconds: settings.delegationSeconds,
    },
    instructions: () => buildInstructions(settings.pollTimeoutSeconds),
    version: VERSION,
    onTrouble: (reason) => say('warning', reason),
  });
  const connected = workspaces.map((workspace) =>
    stayConnected({
      workspace,
      settings,
      clock: systemClock,
      random: systemRandom,
      say,
      onMessage(message) {
        if (inbox?.add(message)) mcp.notify(toChannelNotice(message, settings.platformUrl));
      },
    }),
  );
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  process.stdin.once('end', end);
  process.stdin.once('close', end);
  // Served before the platform has answered: a host gives a program only a few seconds to say what it can do.
  serveStdio(() => mcp.create(), { onerror: (error) => say('info', reasonOf(error)) });
  const accepted = await Promise.all(connected.map((one) => one.start()));
  if (accepted.includes(false)) {
    say(
      'error',
      'the platform refused the token. Have a new one made (POST /workspaces/:id/external/rotate) and start again with it.',
    );
    process.exit(EXIT.refused);
  }
  await Promise.all(connected.map((one) => one.run(ending.signal)));
  // Explicit, because a keep-alive socket may still hold the event loop open.
  process.exit(0);
}
