/** What can be done about a message that ended without an answer. */
export interface FailureReason {
  /**
   * Nothing was started at the agent, or it would know the message again, so the same id may be sent once more. Otherwise
   * a repetition is answered with the recorded failure, and doing the work again takes a new message.
   */
  readonly mayResend: boolean;
  /** The next step, for whoever sees it on the message. */
  readonly next: string;
}

/**
 * Why a message failed or is stuck: the closed list. A reason is stored on the row, shown in the canvas and returned
 * to delegating agents; the policy of automatic retries that precedes it is in `decide.ts`.
 */
export const REASONS = {
  agent_error: {
    mayResend: false,
    next: 'Read what the agent said. Correct the request or the agent, then send it anew.',
  },
  canceled_by_caller: {
    mayResend: false,
    next: 'Whoever gave the task has given it up. Give it anew if it is still wanted.',
  },
  dropped: {
    mayResend: false,
    next: 'An operator dropped it because it waited too long. Send it anew if it still matters.',
  },
  agent_canceled: { mayResend: false, next: 'The agent canceled the task. Send it anew if it is still wanted.' },
  agent_unreachable: {
    mayResend: true,
    next: 'Look at the log of the agent. When it answers again, send the message again.',
  },
  agent_silent: {
    mayResend: false,
    next: 'The agent gave no sign of life. Look at its log, restart it, then send the work anew.',
  },
  interrupted: {
    mayResend: false,
    next: 'It was cut off and the agent cannot be asked what became of it. Check before you send it anew.',
  },
  response_too_large: { mayResend: false, next: 'The answer exceeded 10 MiB. Ask for a shorter one, or for a file.' },
  url_not_routable: {
    mayResend: true,
    next: 'The agent registered an address this server must not call. Register a public one, or poll.',
  },
  attempts_exhausted: {
    mayResend: false,
    next: 'Several deliveries failed. Look at the log of the agent, then send the work anew.',
  },
  deadline_exceeded: {
    mayResend: false,
    next: 'The time limit passed. A late answer still reaches the inbox. Split the task, or allow more time.',
  },
  expired: {
    mayResend: true,
    next: 'Its workspace could not take it in time. See that it is online and has a free place, then send it again.',
  },
  no_heartbeat: {
    mayResend: false,
    next: 'The agent stopped reporting while it worked. Look at its log and restart it.',
  },
  superseded: { mayResend: false, next: 'Nothing: a later restart had more recent things to say.' },
  target_removed: { mayResend: false, next: 'The workspace was removed. Send the work to another one.' },
  target_failed: {
    mayResend: true,
    next: 'The workspace has failed. Correct what its card says, restart it, then send the message again.',
  },
  access_denied: {
    mayResend: false,
    next: 'Only siblings and workspaces on one line of the tree can talk to each other.',
  },
  budget_exceeded: { mayResend: true, next: 'Raise the budget of the workspace or wait for the next month.' },
} as const satisfies Record<string, FailureReason>;

export type Reason = keyof typeof REASONS;

const RESENDABLE: readonly Reason[] = (Object.keys(REASONS) as Reason[]).filter((name) => REASONS[name].mayResend);

/** Names of the reasons after which the same message id may be sent once more. */
export function resendableReasons(): readonly Reason[] {
  return RESENDABLE;
}

/** The next step for a stored reason; a name from another release has none. */
export function nextStep(reason: string | null): string | null {
  return reason !== null && Object.hasOwn(REASONS, reason) ? REASONS[reason as Reason].next : null;
}
