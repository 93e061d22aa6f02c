import type { Peer, PlatformTools } from '../adapters/adapter.js';
import { reasonOf } from '../log.js';
import { resolvePeer } from './resolve-peer.js';

/** What a tool hands back: a failure is a result the model can act on, not the end of the turn. */
export type ToolOutcome = { readonly ok: boolean; readonly text: string };

/** What a model reads about the tools; the same whether it calls them in this process or over MCP. */
export const TOOL_TEXTS = {
  list_peers:
    'List the agents you can reach: id, name, role, status and relation (child: works for you, parent: you work for ' +
    'it, sibling: same lead). Call it when you need to know who can help.',
  delegate_task:
    'Hand a task to another agent and wait for its answer. The agent sees only the text of the task, so state the ' +
    'goal, all the context it needs and the form of answer you want. Call it several times in one step to let ' +
    'agents work in parallel.',
  target: 'The id of the agent, or its name if only one has that name.',
  task: 'The complete task, understandable without this conversation.',
} as const;

/** The platform tools as a model calls them. They reject only when their signal aborts. */
export interface Toolset {
  listPeers(): Promise<ToolOutcome>;
  delegateTask(target: string, task: string): Promise<ToolOutcome>;
}

// About 15,000 tokens: several children may answer at length in one turn without filling the window.
const RESULT_CHARS_MAX = 60_000;

/** The tools of one turn. Parallel calls run in parallel and share one reading of the peers. */
export function createToolset(platform: PlatformTools, selfId: string, signal: AbortSignal): Toolset {
  const directory = createDirectory(platform, signal);
  return {
    listPeers: () =>
      attempt(signal, async () => ({ ok: true, text: JSON.stringify((await directory.refresh()).map(toEntry)) })),
    delegateTask: (target, task) => attempt(signal, () => delegate(platform, selfId, directory, target, task, signal)),
  };
}

async function delegate(
  platform: PlatformTools,
  selfId: string,
  directory: Directory,
  target: string,
  task: string,
  signal: AbortSignal,
): Promise<ToolOutcome> {
  if (target.trim() === selfId) {
    return { ok: false, text: 'You cannot delegate to yourself; do the work or pick another agent.' };
  }
  let resolved = resolvePeer(await directory.known(), target);
  // A peer may have joined since the list was read.
  if ('refusal' in resolved) resolved = resolvePeer(await directory.refresh(), target);
  if ('refusal' in resolved) return { ok: false, text: resolved.refusal };
  const { id, name } = resolved.peer;
  const outcome = await platform.delegate(id, task, signal);
  switch (outcome.state) {
    case 'completed':
      return { ok: true, text: `Answer from ${name}:\n${cutResult(outcome.text)}` };
    case 'failed':
      return { ok: false, text: `The task for ${name} failed: ${outcome.reason}` };
    case 'stuck':
      return { ok: false, text: `${name} stopped making progress on the task: ${outcome.reason}` };
  }
}

interface Directory {
  /** The peers as last read, read now if they never were. */
  known(): Promise<readonly Peer[]>;
  refresh(): Promise<readonly Peer[]>;
}

function createDirectory(platform: PlatformTools, signal: AbortSignal): Directory {
  let current: Promise<readonly Peer[]> | null = null;
  const refresh = () => {
    current = platform.peers(signal);
    return current;
  };
  return { known: () => current ?? refresh(), refresh };
}

/** Turns a thrown failure into a result for the model; a cancelled turn still ends. */
async function attempt(signal: AbortSignal, run: () => Promise<ToolOutcome>): Promise<ToolOutcome> {
  try {
    return await run();
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, text: `The platform could not do this: ${reasonOf(error)}` };
  }
}

function toEntry({ id, name, role, status, relation }: Peer) {
  return { id, name, role, status, relation };
}

function cutResult(text: string): string {
  if (text.length <= RESULT_CHARS_MAX) return text;
  return `${text.slice(0, RESULT_CHARS_MAX)}\n[Cut: ${text.length - RESULT_CHARS_MAX} more characters were left out.]`;
}
