import { tool } from 'ai';
import { z } from 'zod';
import { reasonOf } from '../../log.js';
import type { AdapterContext, Peer, PlatformTools } from '../adapter.js';
import { resolvePeer } from './resolve-peer.js';

/** What a tool hands back: a failure is a result the model can act on, not the end of the turn. */
export type ToolOutcome = { readonly ok: boolean; readonly text: string };

// About 15,000 tokens: several children may answer at length in one turn without filling the window.
const RESULT_CHARS_MAX = 60_000;

/** The tools of one turn. Parallel calls run in parallel and share one reading of the peers. */
export function createTools(context: AdapterContext, signal: AbortSignal) {
  const directory = createDirectory(context.platform, signal);
  return {
    list_peers: tool({
      description:
        'List the agents you can reach: id, name, role, status and relation (child: works for you, parent: you work for ' +
        'it, sibling: same lead). Call it when you need to know who can help.',
      inputSchema: z.object({}),
      execute: () =>
        attempt(signal, async () => ({ ok: true, text: JSON.stringify((await directory.refresh()).map(toEntry)) })),
      toModelOutput,
    }),
    delegate_task: tool({
      description:
        'Hand a task to another agent and wait for its answer. The agent sees only the text of the task, so state the ' +
        'goal, all the context it needs and the form of answer you want. Call it several times in one step to let ' +
        'agents work in parallel.',
      inputSchema: z.object({
        target: z.string().min(1).describe('The id of the agent, or its name if only one has that name.'),
        task: z.string().min(1).describe('The complete task, understandable without this conversation.'),
      }),
      execute: ({ target, task }: { target: string; task: string }) =>
        attempt(signal, () => delegate(context, directory, target, task, signal)),
      toModelOutput,
    }),
  };
}

export type Tools = ReturnType<typeof createTools>;

async function delegate(
  context: AdapterContext,
  directory: Directory,
  target: string,
  task: string,
  signal: AbortSignal,
): Promise<ToolOutcome> {
  if (target.trim() === context.self.id) {
    return { ok: false, text: 'You cannot delegate to yourself; do the work or pick another agent.' };
  }
  let resolved = resolvePeer(await directory.known(), target);
  // A peer may have joined since the list was read.
  if ('refusal' in resolved) resolved = resolvePeer(await directory.refresh(), target);
  if ('refusal' in resolved) return { ok: false, text: resolved.refusal };
  const { id, name } = resolved.peer;
  const outcome = await context.platform.delegate(id, task, signal);
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

function toModelOutput({ output }: { output: ToolOutcome }) {
  return output.ok
    ? { type: 'text' as const, value: output.text }
    : { type: 'error-text' as const, value: output.text };
}
