import { type SnippetFacts, THIRD_PARTY } from './snippet.js';

export function codexSnippet({ workspaceId, platformUrl }: SnippetFacts): string {
  return `# ${THIRD_PARTY}
# Needs codex 0.57 or newer, and Python 3.11 or newer.
npm install -g @openai/codex@latest
pip install molecule-ai-workspace-runtime
pip install codex-channel-molecule

# For tools inside codex, edit ~/.codex/config.toml so that it holds these two tables once:
#   [mcp_servers.molecule]
#   command = "molecule-mcp"
#
#   [mcp_servers.molecule.env]
#   WORKSPACE_ID = "${workspaceId}"
#   PLATFORM_URL = "${platformUrl}"
#   MOLECULE_WORKSPACE_TOKEN = "<paste from create response>"

# The daemon that brings messages to codex. It keeps its threads in ~/.codex-channel-molecule/sessions.json
WORKSPACE_ID="${workspaceId}" \\
PLATFORM_URL="${platformUrl}" \\
MOLECULE_WORKSPACE_TOKEN="<paste from create response>" \\
nohup codex-channel-molecule > codex-channel-molecule.log 2>&1 &
disown
`;
}
