/**
 * The port between the runtime and one agent program. The runtime owns identity, delivery, journal and heartbeat;
 * an adapter only turns one message into one streamed answer.
 */
export interface Adapter {
  /** Stable name of the adapter, equal to its folder and to `runtime:` in config.yaml. */
  readonly name: string;
  /** True when answers are a labelled demonstration, not the work of a model (design §10). */
  readonly demo: boolean;
  /** What the card and the log say about the model in use; null when there is none. */
  readonly model: string | null;
  /**
   * True when a turn cut off by a crash may simply run again: it has no effect besides its answer and delegations,
   * which the platform deduplicates. Absent means false: such a turn is reported as interrupted.
   */
  readonly replaySafe?: boolean;
  /**
   * Runs one turn. Yields text deltas and tool notices in order and ends with exactly one `done`, `input_required`
   * or `rejected`.
   * Throws {@link AdapterError} on failure. Must stop promptly when `context.signal` aborts.
   * Not idempotent: the journal above it guarantees that a message id runs once.
   */
  run(turn: Turn, context: AdapterContext): AsyncIterable<AdapterEvent>;
}

/** One message to answer. */
export interface Turn {
  readonly messageId: string;
  readonly taskId: string;
  readonly contextId: string;
  /** All text parts joined by newlines. */
  readonly text: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly sender:
    | { readonly kind: 'user' }
    | { readonly kind: 'workspace'; readonly id: string; readonly name: string | null };
  /** Earlier turns of the same context, oldest first. */
  readonly history: readonly { readonly role: 'user' | 'agent'; readonly text: string }[];
}

export type AdapterEvent =
  | { readonly type: 'text_delta'; readonly text: string }
  /** A tool call the operator may watch: `started`, then `finished` or `failed` with the same id. */
  | {
      readonly type: 'tool';
      readonly id: string;
      readonly name: string;
      readonly phase: 'started' | 'finished' | 'failed';
      readonly detail: string;
    }
  /** A piece of output that is not the running text: a file, data, or a named text. `append` continues the same id. */
  | {
      readonly type: 'artifact';
      readonly id: string;
      readonly part: ArtifactPart;
      readonly append: boolean;
      readonly last: boolean;
    }
  /** The turn ends here with a question; the next message on the same task answers it. */
  | { readonly type: 'input_required'; readonly text: string }
  /** The agent declines the task. */
  | { readonly type: 'rejected'; readonly text: string }
  | {
      readonly type: 'done';
      readonly text: string;
      /** How a caller that waits gets the answer: a plain message (the default), or the task with its artifacts. */
      readonly reply?: 'message' | 'task';
      readonly usage?: { readonly input_tokens: number; readonly output_tokens: number };
    };

export type ArtifactPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'data'; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: 'file'; readonly name: string; readonly mediaType: string; readonly base64: string }
  | { readonly kind: 'file_url'; readonly name: string; readonly mediaType: string; readonly url: string };

export interface AdapterContext {
  readonly signal: AbortSignal;
  readonly self: { readonly id: string; readonly name: string; readonly role: string | null };
  /** The assembled system prompt for this turn (contract lifecycle §21.2, prompt assembly order). */
  readonly systemPrompt: string;
  readonly platform: PlatformTools;
}

/** What an agent may ask of the platform. Every call goes through the server's ledger and hierarchy check. */
export interface PlatformTools {
  /** Everyone this workspace may talk to, with the relation seen from here (design §10). */
  peers(signal?: AbortSignal): Promise<readonly Peer[]>;
  /** Delegates and waits for the outcome by long-polling the ledger; never a blocking call to the peer (design §7). */
  delegate(targetId: string, task: string, signal?: AbortSignal): Promise<DelegationOutcome>;
}

export interface Peer {
  readonly id: string;
  readonly name: string;
  readonly role: string | null;
  readonly status: string;
  readonly relation: 'child' | 'sibling' | 'parent';
}

export type DelegationOutcome =
  | { readonly state: 'completed'; readonly text: string; readonly delegationId: string }
  | { readonly state: 'failed' | 'stuck'; readonly reason: string; readonly delegationId: string | null };

/** A failure the caller can be told about. `code` is stable; `message` says what to do. */
export class AdapterError extends Error {
  override readonly name = 'AdapterError';
  readonly code: 'model_unavailable' | 'model_refused' | 'model_misconfigured' | 'tool_failed' | 'internal';
  readonly retryable: boolean;

  constructor(code: AdapterError['code'], message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable;
  }
}
