import type { LlmRequest } from './conversation.js';

/** What the model says: text, tool calls, or both (text first, as real models do). */
export interface LlmAnswer {
  readonly text?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly input: unknown; readonly id?: string }[];
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
  /** The model stopped at its output limit or was filtered instead of finishing. */
  readonly stop?: 'length' | 'filtered';
  /**
   * Breaks the response: `cut` destroys the connection, `stall` leaves it open and silent (half-open), `end` closes it
   * politely before the closing events, `error` sends the API's own error event. Counted in events already sent; 0 with
   * `stall` means that not even the headers are answered. Non-streaming responses treat every count as 0.
   */
  readonly fault?: {
    readonly kind: 'cut' | 'stall' | 'end' | 'error';
    readonly afterEvents: number;
    readonly message?: string;
  };
  /** Wait before the first byte. */
  readonly delayMs?: number;
  /** Wait between two streamed events. */
  readonly eventDelayMs?: number;
}

/** An HTTP error in the API's own error body. */
export interface LlmRefusal {
  readonly status: number;
  readonly error: { readonly message: string; readonly type?: string; readonly code?: string };
  readonly headers?: Readonly<Record<string, string>>;
}

export type LlmReply = LlmAnswer | LlmRefusal;

/**
 * Decides one reply. Called once per request, in order of arrival; may wait on whatever the test controls.
 * Throwing fails the request with 500 and is remembered in `scriptErrors`.
 */
export type LlmScript = (request: LlmRequest) => LlmReply | Promise<LlmReply>;

export function isRefusal(reply: LlmReply): reply is LlmRefusal {
  return 'status' in reply;
}

/** Replies in order; running out is an error, so that an unexpected extra request fails the test. */
export function inOrder(...replies: readonly (LlmReply | LlmScript)[]): LlmScript {
  let next = 0;
  return (request) => {
    const reply = replies[next];
    next += 1;
    if (reply === undefined)
      throw new Error(`The script has ${replies.length} replies; request ${next} is one too many`);
    return typeof reply === 'function' ? reply(request) : reply;
  };
}
