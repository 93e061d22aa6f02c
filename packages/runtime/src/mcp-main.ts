#!/usr/bin/env node
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { systemClock } from './clock.js';
import { CONTACT_LOST_MS } from './connection/connection.js';
import { MESSAGE_ID_VARIABLE, readEnv } from './env.js';
import { reasonOf } from './log.js';
import { createPlatformServer } from './mcp/platform-server.js';
import { createPlatformClient } from './platform/platform-client.js';
import { createPlatformTools } from './platform/platform-tools.js';
import { readToken } from './run-files.js';

/** The platform tools for an agent program that was started for one message: its child, ended with it. */
try {
  const env = readEnv();
  const messageId = env.messageId;
  if (messageId === null) throw new Error(`${MESSAGE_ID_VARIABLE} is not set; this program is started by an adapter.`);
  const client = createPlatformClient({
    baseUrl: env.platformUrl,
    workspaceId: env.workspaceId,
    token: await readToken(env),
    // The agent itself meets the same answer at its next heartbeat, and ends.
    onUnauthorized: () => undefined,
  });
  const platform = createPlatformTools({
    client,
    clock: systemClock,
    workspaceId: env.workspaceId,
    messageId,
    patienceMs: CONTACT_LOST_MS,
    signal: new AbortController().signal,
  });
  serveStdio(() => createPlatformServer(platform, env.workspaceId, '1'));
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exit(1);
}
