import type { Clock } from '../../clock.js';
import type { InboxMessage } from '../../outside/inbox-row.js';
import type { PlatformClient, PlatformFailure } from '../../platform/platform-client.js';
import type { Random } from '../../random.js';
import type { Inbox } from '../inbox.js';

/** A workspace this program speaks for, with its own credentials. */
export interface ConnectedWorkspace {
  readonly id: string;
  readonly client: PlatformClient;
}

/** What tools work with; the same for every call of a connection. */
export interface ToolEnvironment {
  /** The first is the primary one. */
  readonly workspaces: readonly [ConnectedWorkspace, ...ConnectedWorkspace[]];
  /** Through which workspace a peer was last seen, so that a reply goes out where it came in. */
  readonly sourceOfPeer: Map<string, string>;
  /** Null where no inbox is polled. */
  readonly inbox: Inbox | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly delegationSeconds: number;
}

export interface ToolCall {
  readonly args: Readonly<Record<string, unknown>>;
  /** Aborts when the host gives the call up. */
  readonly signal: AbortSignal;
}

/** As much of JSON Schema as the tools need. */
export type PropertySchema = {
  readonly type: string;
  readonly description: string;
  readonly items?: { readonly type: string };
};

/** Text for a model, refusals among it: none of them is a fault of the protocol. What a peer wrote may begin in any way. */
export interface ToolAnswer {
  readonly ok: boolean;
  readonly text: string;
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly properties: Readonly<Record<string, PropertySchema>>;
  readonly required?: readonly string[];
  /** In multi-workspace mode it takes the workspace it acts for. */
  readonly hasSource?: true;
  run(call: ToolCall, environment: ToolEnvironment): Promise<ToolAnswer>;
}

/** Something the model can act on; its message is the answer, as one that failed. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

export function text(args: ToolCall['args'], key: string): string {
  const value = args[key];
  return typeof value === 'string' ? value.trim() : '';
}

/** The named workspace, the one through which the peer is known, or the primary one. */
export function pickSource(
  { workspaces, sourceOfPeer }: ToolEnvironment,
  named: string,
  peerId: string | null,
): ConnectedWorkspace {
  if (named !== '') {
    const found = workspaces.find(({ id }) => id === named);
    if (found) return found;
    throw new ToolError(
      `Error: ${named} is none of this agent's workspaces: ${workspaces.map(({ id }) => id).join(', ')}`,
    );
  }
  const known = peerId === null ? undefined : sourceOfPeer.get(peerId);
  return workspaces.find(({ id }) => id === known) ?? workspaces[0];
}

export function sourceFor(call: ToolCall, environment: ToolEnvironment, peerId: string | null): ConnectedWorkspace {
  return pickSource(environment, text(call.args, 'source_workspace_id'), peerId);
}

/** Where a message came in. */
export function workspaceOf(environment: ToolEnvironment, message: InboxMessage): ConnectedWorkspace {
  return pickSource(environment, message.arrival_workspace_id ?? '', null);
}

/** For people and models: what the platform said, and by which status. */
export function describe(failure: PlatformFailure): string {
  switch (failure.kind) {
    case 'unauthorized':
      return `the platform refused this workspace's token: ${failure.reason}`;
    case 'refused':
      return failure.reason;
    case 'unavailable':
      return `the platform cannot be reached at the moment: ${failure.reason}`;
    default:
      return failure satisfies never;
  }
}

export function say(text: string): ToolAnswer {
  return { ok: true, text };
}

export function sayJson(value: unknown): ToolAnswer {
  return say(JSON.stringify(value, null, 2));
}

export function fail(text: string): ToolAnswer {
  return { ok: false, text };
}
