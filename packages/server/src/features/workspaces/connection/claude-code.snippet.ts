import { type SnippetFacts, THIRD_PARTY } from './snippet.js';

export function claudeCodeSnippet({ workspaceId, platformUrl }: SnippetFacts): string {
  return `# ${THIRD_PARTY}
# 1. The channel plugin needs Bun: https://bun.sh
# 2. Inside Claude Code, once:
/plugin marketplace add Molecule-AI/molecule-mcp-claude-channel
/plugin install molecule@molecule-mcp-claude-channel

# 3. In ~/.claude/channels/molecule/.env, readable by you alone (chmod 600). If the file is there, edit these lines:
MOLECULE_PLATFORM_URL=${platformUrl}
MOLECULE_WORKSPACE_IDS=${workspaceId}
MOLECULE_WORKSPACE_TOKENS=<paste auth_token from create response>

# 4. Start it with the channel:
claude --dangerously-load-development-channels --channels plugin:molecule@molecule-mcp-claude-channel

# Common errors
#   plugin not installed                 repeat step 2, then start Claude Code again
#   not on approved channels allowlist   the launch flag of step 4 is missing. On a Team or Enterprise plan an
#                                        administrator sets channelsEnabled and lists it in allowedChannelPlugins
#   config-missing                       the file of step 3 is not there, or one of its lines is empty
`;
}
