import type { SnippetFacts } from './snippet.js';

/** One registration by hand. As pasted it asks for poll mode, which needs no address that this server can reach. */
export function curlSnippet({ workspaceId, platformUrl }: SnippetFacts): string {
  return `export WORKSPACE_AUTH_TOKEN="<paste from create response>"
# Where this server reaches your agent. Empty: messages wait here until your agent fetches them (poll mode).
export AGENT_URL=""
curl -sS --fail-with-body -X POST "${platformUrl}/registry/register" \\
  -H "Authorization: Bearer $WORKSPACE_AUTH_TOKEN" \\
  -H "Origin: ${platformUrl}" \\
  -H "Content-Type: application/json" \\
  -d '{
    "id": "${workspaceId}",
    "url": "'"$AGENT_URL"'",
    "delivery_mode": "'"$(test -n "$AGENT_URL" && echo push || echo poll)"'",
    "agent_card": {"name": "my-agent", "description": "Registered with curl", "version": "1.0.0"}
  }'
# Registered once. To stay online, send {"workspace_id": "${workspaceId}"} with the same headers
# to ${platformUrl}/registry/heartbeat at least every 60 s.
`;
}
