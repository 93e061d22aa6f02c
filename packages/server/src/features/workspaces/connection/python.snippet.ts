import { type SnippetFacts, THIRD_PARTY } from './snippet.js';

export function pythonSnippet({ workspaceId, platformUrl }: SnippetFacts): string {
  return `# ${THIRD_PARTY}
# Needs Python 3.11 or newer:
#   pip install 'git+https://github.com/Molecule-AI/molecule-sdk-python.git@main'
import asyncio

from molecule_agent import A2AServer, RemoteAgentClient

WORKSPACE_ID  = "${workspaceId}"
PLATFORM_URL  = "${platformUrl}"
AUTH_TOKEN    = "<paste from create response>"
# Where this server reaches the program below; it must be an address of your own.
INBOUND_URL   = "https://agent.example.com/a2a/inbound"


async def handle(request):
    message = request.get("params", {}).get("message", {})
    text = "".join(
        part.get("text", "")
        for part in message.get("parts", [])
        if part.get("type") == "text" or part.get("kind") == "text"
    )
    return {"parts": [{"kind": "text", "text": f"You said: {text}"}]}


async def main():
    server = A2AServer(agent_id=WORKSPACE_ID, inbound_url=INBOUND_URL, message_handler=handle)
    server.start_in_background()
    client = RemoteAgentClient(
        workspace_id=WORKSPACE_ID,
        platform_url=PLATFORM_URL,
        auth_token=AUTH_TOKEN,
        reported_url=INBOUND_URL,
    )
    client.register()
    while True:
        client.heartbeat()
        await asyncio.sleep(20)


asyncio.run(main())
`;
}
