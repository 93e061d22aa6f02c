import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { PlatformTools } from '../adapters/adapter.js';
import { createToolset, TOOL_TEXTS, type ToolOutcome } from '../platform/toolset.js';
import { SERVER_NAME } from './server-name.js';

/** The platform tools of one turn over MCP. A call that its client cancels stops waiting; the delegation itself goes on. */
export function createPlatformServer(platform: PlatformTools, selfId: string, version: string): McpServer {
  const server = new McpServer({ name: SERVER_NAME, version }, { capabilities: { tools: {} } });
  server.registerTool(
    'list_peers',
    { description: TOOL_TEXTS.list_peers, inputSchema: z.object({}) },
    async (_input, context) => toResult(await createToolset(platform, selfId, context.mcpReq.signal).listPeers()),
  );
  server.registerTool(
    'delegate_task',
    {
      description: TOOL_TEXTS.delegate_task,
      inputSchema: z.object({
        target: z.string().min(1).describe(TOOL_TEXTS.target),
        task: z.string().min(1).describe(TOOL_TEXTS.task),
      }),
    },
    async ({ target, task }, context) =>
      toResult(await createToolset(platform, selfId, context.mcpReq.signal).delegateTask(target, task)),
  );
  return server;
}

function toResult({ ok, text }: ToolOutcome) {
  return { content: [{ type: 'text' as const, text }], ...(ok ? {} : { isError: true }) };
}
