import type { Ending } from './decide.js';
import type { MessageKind, MessageState } from './messages.tables.js';

/** The method of a ledger row that tells of a message the platform did not carry. */
export const RECORDED_METHOD = 'delegations/record';

/** A row to record. Its id is also the id of the activity row on the target. */
export interface NewMessage {
  readonly id: string;
  readonly kind: MessageKind;
  readonly callerId: string | null;
  readonly targetId: string;
  /** The A2A messageId. */
  readonly messageId: string;
  readonly method: string;
  /** Storable JSON text; what is forwarded is exactly this. */
  readonly body: string;
  readonly taskPreview: string;
  readonly state: 'queued' | 'working' | 'completed';
  /** Set when this process delivers it right away. */
  readonly lease: { readonly owner: string; readonly ms: number } | null;
  readonly deadlineMs: number | null;
  /** Kind `system`: the generation of the target it speaks for, and the only one it is delivered to. */
  readonly forGeneration?: number;
  /** The task it continues, by the id of the row that began it. */
  readonly taskId?: string;
  /** The conversation it belongs to, as the A2A envelope names it. */
  readonly contextId?: string;
  readonly delegation: {
    readonly idempotencyKey: string | null;
    readonly taskHash: string;
    readonly causeId: string | null;
    readonly depth: number;
  } | null;
}

/** What a delivery needs of a row. */
export interface OpenMessage {
  readonly id: string;
  readonly kind: MessageKind;
  readonly callerId: string | null;
  readonly targetId: string;
  readonly messageId: string;
  readonly method: string;
  /** JSON text. */
  readonly body: string;
  readonly failures: number;
  readonly deadlineMs: number | null;
  readonly owner: string;
}

/** How a row ends. Without an owner it is ended from outside: a sweep, a removed target. */
export interface NewEnding {
  readonly id: string;
  readonly owner: string | null;
  /** Ends it only while it still waits; one that is being delivered by now goes on. */
  readonly onlyQueued?: boolean;
  readonly ending: Ending | { readonly state: 'stuck'; readonly reason: 'no_heartbeat'; readonly detail: string };
}

/** True for an ending that carries an answer rather than a reason. */
export function isAnswered(ending: NewEnding['ending']): ending is Extract<NewEnding['ending'], { text: string }> {
  return ending.state === 'completed' || ending.state === 'input_required';
}

/** True for an ending that the agent told, be it an answer or its failure. */
export function isFromAgent(ending: NewEnding['ending']): boolean {
  return isAnswered(ending) || ending.reason === 'agent_error' || ending.reason === 'agent_canceled';
}

/** A row that has just ended, for its projections. */
export interface EndedMessage {
  readonly id: string;
  readonly kind: MessageKind;
  readonly callerId: string | null;
  readonly targetId: string;
  readonly messageId: string;
  readonly method: string;
  readonly state: NewEnding['ending']['state'];
  readonly durationMs: number;
}

/** What a repeated message id finds. */
export interface RecordedMessage {
  readonly id: string;
  /** The task it continues; null when it began one. */
  readonly taskId: string | null;
  readonly callerId: string | null;
  readonly state: MessageState;
  readonly method: string;
  readonly reason: string | null;
  readonly errorDetail: string | null;
  readonly result: unknown;
}
