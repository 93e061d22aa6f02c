import type { SnippetFacts } from './snippet.js';

/** Only what this server serves itself (design §13). */
export function universalMcpSnippet({ workspaceId, platformUrl }: SnippetFacts): string {
  return `# Needs Node.js 20.19 or newer; the program comes from this server, nothing else is installed.
# molecule-mcp registers, sends a heartbeat every 20 s and sets the Origin header itself: there is no other step.
claude mcp add molecule -s user -- env \\
  WORKSPACE_ID="${workspaceId}" \\
  PLATFORM_URL="${platformUrl}" \\
  MOLECULE_WORKSPACE_TOKEN="<paste from create response>" \\
  npx -y -p ${platformUrl}/dl/molecule-mcp.tgz molecule-mcp
# Any other MCP host: give it the command after "--" as a stdio server.
`;
}
