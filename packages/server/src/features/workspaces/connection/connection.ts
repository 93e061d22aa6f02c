import type { Connection } from '@molecule/contract';
import { refuse } from '../../../platform/http/app-error.js';
import { claudeCodeSnippet } from './claude-code.snippet.js';
import { codexSnippet } from './codex.snippet.js';
import { curlSnippet } from './curl.snippet.js';
import { hermesSnippet } from './hermes.snippet.js';
import { openclawSnippet } from './openclaw.snippet.js';
import { pythonSnippet } from './python.snippet.js';
import type { SnippetFacts } from './snippet.js';
import { universalMcpSnippet } from './universal-mcp.snippet.js';

/**
 * What an operator needs to connect an agent that runs elsewhere; the one builder for create, rotate and connection
 * (contract registry-a2a §4.1, memory-mcp-rest §9). The token is a key of its own and never part of a snippet: those
 * carry placeholders which the canvas replaces on the operator's own screen.
 */
export function toConnection(workspaceId: string, platformUrl: string, token: string): Connection {
  const facts: SnippetFacts = { workspaceId, platformUrl };
  return {
    workspace_id: workspaceId,
    platform_url: platformUrl,
    auth_token: token,
    registry_endpoint: `${platformUrl}/registry/register`,
    heartbeat_endpoint: `${platformUrl}/registry/heartbeat`,
    universal_mcp_snippet: universalMcpSnippet(facts),
    python_snippet: pythonSnippet(facts),
    claude_code_channel_snippet: claudeCodeSnippet(facts),
    hermes_channel_snippet: hermesSnippet(facts),
    codex_snippet: codexSnippet(facts),
    openclaw_snippet: openclawSnippet(facts),
    curl_register_template: curlSnippet(facts),
  };
}

const PASTEABLE = /^https?:\/\/[A-Za-z0-9.\-_:[\]]+(\/[A-Za-z0-9.\-_~/]*)?$/;

/**
 * Without a slash at its end, so that no derived address has two. The origin may come from a Host header and is pasted
 * into a shell next to a token: whatever a shell would read as more than an address is refused.
 */
export function toPlatformUrl(origin: string): string {
  const url = origin.replace(/\/+$/, '');
  return PASTEABLE.test(url) ? url : refuse('misdirected_request');
}
