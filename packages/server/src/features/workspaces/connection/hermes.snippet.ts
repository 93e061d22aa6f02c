import { type SnippetFacts, THIRD_PARTY } from './snippet.js';

export function hermesSnippet({ workspaceId, platformUrl }: SnippetFacts): string {
  return `# ${THIRD_PARTY}
pip install molecule-ai-workspace-runtime
pip install 'git+https://github.com/Molecule-AI/hermes-channel-molecule.git'

export MOLECULE_WORKSPACE_ID="${workspaceId}"
export MOLECULE_PLATFORM_URL="${platformUrl}"
export MOLECULE_WORKSPACE_TOKEN="<paste from create response>"

# Edit ~/.hermes/config.yaml so that it says the following. If "gateway:" is there, put the rest under it:
#   gateway:
#     plugin_platforms:
#       molecule:
#         enabled: true

hermes gateway --replace
`;
}
