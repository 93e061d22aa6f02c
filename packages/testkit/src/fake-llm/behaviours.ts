import type { LlmRequest } from './conversation.js';
import { isObject } from './json.js';
import type { LlmReply, LlmScript } from './script.js';

/** Answers with the last thing the user said. */
export const echoLastUser: LlmScript = (request) => ({ text: `Echo: ${request.lastUserText}` });

/**
 * A lead that always delegates: asks `list_peers`, hands each child the user's text with `delegate_task` in one parallel
 * step, then lists what came back. Without the tools or without children it echoes, so a whole team can share the script.
 */
export const delegateToEveryChild: LlmScript = (request): LlmReply => {
  if (!request.tools.includes('list_peers') || !request.tools.includes('delegate_task')) {
    return { text: `Echo: ${request.lastUserText}` };
  }
  if (request.toolResults.length === 0) return { toolCalls: [{ name: 'list_peers', input: {} }] };
  const listing = request.toolResults.find((result) => result.name === 'list_peers');
  if (listing !== undefined) {
    const children = childrenIn(listing.text);
    if (children.length === 0) return { text: `Echo: ${request.lastUserText}` };
    return {
      text: `Asking ${children.map((child) => child.name).join(' and ')}.`,
      toolCalls: children.map((child) => ({
        name: 'delegate_task',
        input: { target: child.id, task: `For ${child.name}: ${request.lastUserText}` },
      })),
    };
  }
  return { text: ['Summary:', ...request.toolResults.map((result) => `- ${result.text}`)].join('\n') };
};

export const behaviours = { echoLastUser, delegateToEveryChild } as const;
export type LlmBehaviour = keyof typeof behaviours;

/** Reads a peers listing, whether a bare list or under `peers`. */
function childrenIn(text: string): readonly { readonly id: string; readonly name: string }[] {
  const parsed: unknown = JSON.parse(text);
  const peers = isObject(parsed) ? parsed.peers : parsed;
  if (!Array.isArray(peers)) throw new Error(`list_peers did not return a list: ${text.slice(0, 200)}`);
  return peers
    .filter(isObject)
    .filter((peer) => peer.relation === 'child')
    .map((peer) => ({ id: String(peer.id), name: String(peer.name) }));
}

/** The text of the results of one tool, for scripts of tests. */
export function resultsOf(request: LlmRequest, tool: string): readonly string[] {
  return request.toolResults.filter((result) => result.name === tool).map((result) => result.text);
}
