import { type SnippetFacts, THIRD_PARTY } from './snippet.js';

export function openclawSnippet({ workspaceId, platformUrl }: SnippetFacts): string {
  return `# ${THIRD_PARTY}
# Outbound only: openclaw gets tools to reach this organisation; messages do not wake it by themselves.
npm install -g openclaw@latest
pip install molecule-ai-workspace-runtime
# Once, with your own provider and model in place of the capitals:
#   openclaw onboard --provider PROVIDER --model MODEL

WORKSPACE_TOKEN="<paste from create response>"
openclaw mcp set molecule '{"command":"molecule-mcp","env":{"WORKSPACE_ID":"${workspaceId}","PLATFORM_URL":"${platformUrl}","MOLECULE_WORKSPACE_TOKEN":"'"$WORKSPACE_TOKEN"'"}}'
nohup openclaw gateway --dev --port 18789 --bind loopback > openclaw-gateway.log 2>&1 &
disown
`;
}
