import type { AdapterError, ArtifactPart, Turn } from '../adapters/adapter.js';

/** How a turn ended. Stored in the journal, so it is plain data and its shape only ever grows. */
export type TurnOutcome =
  | {
      readonly state: 'completed';
      readonly text: string;
      readonly reply: 'message' | 'task';
      readonly artifacts: readonly TurnArtifact[];
      readonly usage: TurnUsage | null;
      readonly tools: readonly ToolTraceEntry[];
    }
  | {
      readonly state: 'failed';
      /** `interrupted`: the process died while the turn ran, and running it again might do something twice. */
      readonly code: AdapterError['code'] | 'interrupted';
      readonly reason: string;
      readonly retryable: boolean;
    }
  | { readonly state: 'canceled' }
  | { readonly state: 'input_required'; readonly text: string }
  | { readonly state: 'rejected'; readonly text: string };

export interface TurnArtifact {
  readonly id: string;
  readonly parts: readonly ArtifactPart[];
}

export interface TurnUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
}

/** One tool call, as stored with the answer (contract registry-a2a §8.9, `metadata.tool_trace`). */
export interface ToolTraceEntry {
  readonly name: string;
  readonly phase: 'finished' | 'failed';
  readonly detail: string;
}

/** A message as it was accepted: what an adapter gets, without the history that is read at the last moment. */
export type TurnRequest = Omit<Turn, 'history'> & {
  /** True when the message answers an `input_required` of its task. */
  readonly isFollowUp: boolean;
  /** The platform tells that the workspace was restarted: nothing to answer, something to know (contract lifecycle §2.8). */
  readonly isRestartContext?: true;
};

/** What a watcher of a turn sees, in order; ends with one `finished`. */
export type TurnEvent =
  | { readonly type: 'started' }
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'artifact';
      readonly id: string;
      readonly part: ArtifactPart;
      readonly append: boolean;
      readonly last: boolean;
    }
  | {
      readonly type: 'tool';
      readonly id: string;
      readonly name: string;
      readonly phase: 'started' | 'finished' | 'failed';
      readonly detail: string;
    }
  | { readonly type: 'finished'; readonly outcome: TurnOutcome };
