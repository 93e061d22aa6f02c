import { tool } from 'ai';
import { z } from 'zod';
import { createToolset, TOOL_TEXTS, type ToolOutcome } from '../../platform/toolset.js';
import type { AdapterContext } from '../adapter.js';

/** The platform tools in the shape of the model library. */
export function createTools(context: AdapterContext, signal: AbortSignal) {
  const toolset = createToolset(context.platform, context.self.id, signal);
  return {
    list_peers: tool({
      description: TOOL_TEXTS.list_peers,
      inputSchema: z.object({}),
      execute: () => toolset.listPeers(),
      toModelOutput,
    }),
    delegate_task: tool({
      description: TOOL_TEXTS.delegate_task,
      inputSchema: z.object({
        target: z.string().min(1).describe(TOOL_TEXTS.target),
        task: z.string().min(1).describe(TOOL_TEXTS.task),
      }),
      execute: ({ target, task }: { target: string; task: string }) => toolset.delegateTask(target, task),
      toModelOutput,
    }),
  };
}

export type Tools = ReturnType<typeof createTools>;

function toModelOutput({ output }: { output: ToolOutcome }) {
  return output.ok
    ? { type: 'text' as const, value: output.text }
    : { type: 'error-text' as const, value: output.text };
}
