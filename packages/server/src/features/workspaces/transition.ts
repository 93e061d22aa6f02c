import type { EventPayloads, Status } from '@molecule/contract';
import type { Trigger } from './lifecycle.js';

/**
 * One thing that happened to one workspace. `generation` is the one the sender speaks for: when the row has a newer one,
 * the transition is ignored, so that a late instance changes nothing. Leave it out to speak for whatever is current.
 */
export type Transition = { readonly workspaceId: string; readonly generation?: number } & (
  | {
      readonly trigger: Exclude<
        Trigger,
        | FailingTrigger
        | ImpairedTrigger
        | 'registered'
        | 'beat'
        | 'beat_recovered'
        | 'remove_requested'
        | 'instance_ended'
        | 'went_silent'
        | 'host_lost'
      >;
    }
  | { readonly trigger: 'registered'; readonly online: EventPayloads['WORKSPACE_ONLINE'] }
  | { readonly trigger: 'beat' | 'beat_recovered' }
  | { readonly trigger: ImpairedTrigger; readonly degraded: EventPayloads['WORKSPACE_DEGRADED'] }
  /** Why it is gone, for people. */
  | { readonly trigger: 'instance_ended' | 'went_silent' | 'host_lost'; readonly why: string }
  | { readonly trigger: 'remove_requested'; readonly cascadeDeleted?: number }
  | { readonly trigger: FailingTrigger; readonly failure: Failure }
);

/** Only these lead to `failed`, and each carries its reason. */
export type FailingTrigger = 'start_failed' | 'start_timed_out' | 'crash_looped';
type ImpairedTrigger = 'beat_impaired';

/** Closed list of reasons a workspace can fail with; `docs/spec` explains each with its next step. */
export const FAILURE_REASONS = [
  'start_failed',
  'not_stopped',
  'start_timeout',
  'bootstrap_failed',
  'crash_loop',
  'runtime_not_installed',
  'runtime_install_failed',
  'missing_env',
  'secret_unreadable',
  'template_unreadable',
  'config_missing',
  'no_backend',
  'env_plugin_failed',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** A failure always has a reason a person can act on (contract lifecycle §13.4, R14). */
export interface Failure {
  readonly reason: FailureReason;
  /** Goes to `last_sample_error` and to the event; never internals or secrets (R44). */
  readonly text: string;
  /** The end of the agent's output, secrets blanked; goes to both as well, as much of it as fits. */
  readonly logTail?: readonly string[];
  readonly event?: Omit<EventPayloads['WORKSPACE_PROVISION_FAILED'], 'error' | 'reason' | 'log_tail'>;
}

export type TransitionOutcome =
  | { readonly kind: 'moved'; readonly from: Status; readonly to: Status }
  | { readonly kind: 'ignored'; readonly status: Status; readonly why: string }
  | { readonly kind: 'stale'; readonly status: Status; readonly generation: number }
  | { readonly kind: 'unknown_workspace' };
