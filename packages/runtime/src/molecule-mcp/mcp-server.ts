import { Server, type ServerOptions } from '@modelcontextprotocol/server';
import { reasonOf } from '../log.js';
import type { ChannelNotice } from './channel-notice.js';
import { TOOLS } from './tools/index.js';
import { fail, type Tool, type ToolAnswer, type ToolEnvironment, ToolError } from './tools/tool.js';

export interface McpServers {
  /** One per connection, of whichever era its host speaks. */
  create(): Server;
  /** Tells the host of the moment, if one is connected and listens; never throws and loses no message. */
  notify(notice: ChannelNotice): void;
}

interface McpServersOptions {
  readonly environment: ToolEnvironment;
  readonly instructions: () => string;
  readonly version: string;
  readonly onTrouble: (reason: string) => void;
}

const SOURCE = {
  source_workspace_id: {
    type: 'string',
    description: 'which of your workspaces acts; left out, the one that knows the peer',
  },
};

/** The platform's tools over MCP (contract memory-mcp-rest §6.1, §6.4). */
export function createMcpServers({ environment, instructions, version, onTrouble }: McpServersOptions): McpServers {
  let current: Server | null = null;
  const several = environment.workspaces.length > 1;
  const tools = TOOLS.map((tool) => ({
    name: tool.name,
    description: tool.description,
    inputSchema: toSchema(tool, several),
  }));
  const capabilities: ServerOptions['capabilities'] = {
    tools: { listChanged: false },
    experimental: { 'claude/channel': {} },
  };
  return {
    create() {
      const server = new Server({ name: 'molecule', version }, { capabilities, instructions: instructions() });
      server.setRequestHandler('tools/list', () => ({ tools }));
      server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
        const answer = await callTool(params.name, params.arguments ?? {}, mcpReq.signal);
        return { content: [{ type: 'text', text: answer.text }], ...(answer.ok ? {} : { isError: true }) };
      });
      current = server;
      return server;
    },
    notify(notice) {
      // Before a host is connected there is nobody to tell; the message waits in the inbox either way.
      current?.notification(notice).catch((error: unknown) => onTrouble(`a host was not told: ${reasonOf(error)}`));
    },
  };

  async function callTool(name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<ToolAnswer> {
    const tool = TOOLS.find((one) => one.name === name);
    if (!tool) return fail(`Unknown tool: ${name}`);
    try {
      return await tool.run({ args, signal }, environment);
    } catch (error) {
      if (error instanceof ToolError) return fail(error.message);
      onTrouble(`${name}: ${reasonOf(error)}`);
      return fail(`Error: ${name} failed: ${reasonOf(error)}`);
    }
  }
}

function toSchema(tool: Tool, several: boolean) {
  return {
    type: 'object' as const,
    properties: { ...tool.properties, ...(tool.hasSource && several ? SOURCE : {}) },
    ...(tool.required ? { required: [...tool.required] } : {}),
  };
}
