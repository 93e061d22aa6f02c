import type { ErrorCode, Status } from '@molecule/contract';

/**
 * Everything that can happen to a workspace. Sweepers, heartbeats, drivers and people send triggers; the table below
 * alone decides what they mean.
 */
export const TRIGGERS = [
  /** A person or the platform wants it to run: restart, resume, wake. */
  'start_requested',
  /** Its owner lets an external agent, which somebody else starts, take part again. */
  'await_requested',
  /** A message waits for it. */
  'message_waiting',
  /** The worker starts it again after its instance ended. */
  'start_retried',
  /** The agent announced itself. */
  'registered',
  /** A heartbeat without complaint. */
  'beat',
  /** A heartbeat that says `wedged`, or whose error rate is at least one half. */
  'beat_impaired',
  /** A heartbeat with a low error rate and no complaint, from an agent that does not manage its own status. */
  'beat_recovered',
  /** No heartbeat for too long; the backend does not confirm that it runs. */
  'went_silent',
  /** No heartbeat for too long from an agent that somebody else runs. */
  'external_went_silent',
  /** The driver reports that the instance ended. */
  'instance_ended',
  /** The host that runs it has not been seen for five minutes. */
  'host_lost',
  /** The start was refused, or failed beyond retry. */
  'start_failed',
  /** It never registered within its limit. */
  'start_timed_out',
  /** It ended five times within ten minutes. */
  'crash_looped',
  'pause_requested',
  'hibernate_requested',
  /** The instance of a hibernating workspace is gone. */
  'hibernated',
  'remove_requested',
] as const;
export type Trigger = (typeof TRIGGERS)[number];

export type Outcome =
  | { readonly to: Status }
  /** Nothing changes and that is right; the sentence says why. */
  | { readonly ignore: string }
  /** The caller is refused. */
  | { readonly refuse: ErrorCode };

const to = (status: Status): Outcome => ({ to: status });
const ignore = (why: string): Outcome => ({ ignore: why });

const gone: Outcome = ignore('a removed workspace stays removed');
const alreadyFailed = ignore('already failed; only a start or the agent itself changes that');
const held = ignore('held by its owner; only a resume, wake or removal changes that');
const notStarted = ignore('no instance is expected to run');
const alreadyThere = ignore('already in that state');
const notExternal = ignore('run by a backend of this server, which decides whether it is alive');
const onlineFirst = ignore('any beat brings it online; the next one is judged by what it says');
const awake = ignore('not asleep; the message is delivered when the agent is there');
const expected = ignore('its agent is expected already');
const stillStarting = ignore('not online yet; the start limit decides');

/**
 *        create ──► provisioning ──register/beat──► online ◄──recovered── degraded
 *                      │   ▲                          │ └────impaired───────▲
 *            timeout/  │   └─── retry ── offline ◄────┘ exit, silence
 *            crash loop▼                    ▲ │ beat
 *                    failed ──register/beat─┼─┴──► online        external: silence ──► awaiting_agent ──beat──► online
 *   any ── pause ──► paused    online/degraded ── hibernate ──► hibernating ──► hibernated    any ── remove ──► removed
 *
 * Complete by construction: a new status or trigger does not compile until every cell is decided.
 */
export const LIFECYCLE: Readonly<Record<Status, Readonly<Record<Trigger, Outcome>>>> = {
  provisioning: {
    start_requested: to('provisioning'),
    await_requested: expected,
    message_waiting: awake,
    start_retried: to('provisioning'),
    registered: to('online'),
    beat: to('online'),
    beat_impaired: onlineFirst,
    beat_recovered: to('online'),
    went_silent: stillStarting,
    external_went_silent: stillStarting,
    instance_ended: to('offline'),
    host_lost: to('offline'),
    start_failed: to('failed'),
    start_timed_out: to('failed'),
    crash_looped: to('failed'),
    pause_requested: to('paused'),
    hibernate_requested: { refuse: 'workspace_not_available' },
    hibernated: notStarted,
    remove_requested: to('removed'),
  },
  online: {
    start_requested: to('provisioning'),
    await_requested: expected,
    message_waiting: awake,
    start_retried: ignore('already running'),
    registered: to('online'),
    beat: alreadyThere,
    beat_impaired: to('degraded'),
    beat_recovered: alreadyThere,
    went_silent: to('offline'),
    external_went_silent: to('awaiting_agent'),
    instance_ended: to('offline'),
    host_lost: to('offline'),
    start_failed: ignore('a late failure of a start that succeeded (D23)'),
    start_timed_out: ignore('it registered in time'),
    crash_looped: to('failed'),
    pause_requested: to('paused'),
    hibernate_requested: to('hibernating'),
    hibernated: notStarted,
    remove_requested: to('removed'),
  },
  degraded: {
    start_requested: to('provisioning'),
    await_requested: expected,
    message_waiting: awake,
    start_retried: ignore('already running'),
    registered: to('online'),
    beat: ignore('still impaired: recovery needs a low error rate'),
    beat_impaired: alreadyThere,
    beat_recovered: to('online'),
    went_silent: to('offline'),
    external_went_silent: to('awaiting_agent'),
    instance_ended: to('offline'),
    host_lost: to('offline'),
    start_failed: ignore('a late failure of a start that succeeded (D23)'),
    start_timed_out: ignore('it registered in time'),
    crash_looped: to('failed'),
    pause_requested: to('paused'),
    hibernate_requested: to('hibernating'),
    hibernated: notStarted,
    remove_requested: to('removed'),
  },
  offline: {
    start_requested: to('provisioning'),
    await_requested: expected,
    message_waiting: awake,
    start_retried: to('provisioning'),
    registered: to('online'),
    beat: to('online'),
    beat_impaired: onlineFirst,
    beat_recovered: to('online'),
    went_silent: alreadyThere,
    external_went_silent: alreadyThere,
    instance_ended: alreadyThere,
    host_lost: alreadyThere,
    start_failed: to('failed'),
    start_timed_out: ignore('not starting'),
    crash_looped: to('failed'),
    pause_requested: to('paused'),
    hibernate_requested: { refuse: 'workspace_not_available' },
    hibernated: notStarted,
    remove_requested: to('removed'),
  },
  awaiting_agent: {
    start_requested: ignore('somebody else starts an external agent'),
    await_requested: alreadyThere,
    message_waiting: awake,
    start_retried: ignore('somebody else starts an external agent'),
    registered: to('online'),
    beat: to('online'),
    beat_impaired: onlineFirst,
    beat_recovered: to('online'),
    went_silent: notExternal,
    external_went_silent: alreadyThere,
    instance_ended: notStarted,
    host_lost: notStarted,
    start_failed: notStarted,
    start_timed_out: notStarted,
    crash_looped: notStarted,
    pause_requested: to('paused'),
    hibernate_requested: { refuse: 'workspace_not_available' },
    hibernated: notStarted,
    remove_requested: to('removed'),
  },
  paused: {
    start_requested: to('provisioning'),
    await_requested: to('awaiting_agent'),
    message_waiting: held,
    start_retried: held,
    registered: held,
    beat: held,
    beat_impaired: held,
    beat_recovered: held,
    went_silent: held,
    external_went_silent: held,
    instance_ended: held,
    host_lost: held,
    start_failed: held,
    start_timed_out: held,
    crash_looped: held,
    pause_requested: alreadyThere,
    hibernate_requested: { refuse: 'workspace_not_available' },
    hibernated: held,
    remove_requested: to('removed'),
  },
  hibernating: {
    start_requested: to('provisioning'),
    await_requested: held,
    message_waiting: to('provisioning'),
    start_retried: held,
    registered: held,
    beat: held,
    beat_impaired: held,
    beat_recovered: held,
    went_silent: held,
    external_went_silent: held,
    instance_ended: held,
    host_lost: held,
    start_failed: held,
    start_timed_out: held,
    crash_looped: held,
    pause_requested: to('paused'),
    hibernate_requested: alreadyThere,
    hibernated: to('hibernated'),
    remove_requested: to('removed'),
  },
  hibernated: {
    start_requested: to('provisioning'),
    await_requested: held,
    message_waiting: to('provisioning'),
    start_retried: held,
    registered: held,
    beat: held,
    beat_impaired: held,
    beat_recovered: held,
    went_silent: held,
    external_went_silent: held,
    instance_ended: held,
    host_lost: held,
    start_failed: held,
    start_timed_out: held,
    crash_looped: held,
    pause_requested: to('paused'),
    hibernate_requested: alreadyThere,
    hibernated: alreadyThere,
    remove_requested: to('removed'),
  },
  failed: {
    start_requested: to('provisioning'),
    await_requested: expected,
    message_waiting: alreadyFailed,
    start_retried: alreadyFailed,
    registered: to('online'),
    beat: to('online'),
    beat_impaired: onlineFirst,
    beat_recovered: to('online'),
    went_silent: alreadyFailed,
    external_went_silent: alreadyFailed,
    instance_ended: alreadyFailed,
    host_lost: alreadyFailed,
    start_failed: alreadyFailed,
    start_timed_out: alreadyFailed,
    crash_looped: alreadyFailed,
    pause_requested: to('paused'),
    hibernate_requested: { refuse: 'workspace_not_available' },
    hibernated: notStarted,
    remove_requested: to('removed'),
  },
  removed: {
    start_requested: { refuse: 'workspace_not_found' },
    await_requested: { refuse: 'workspace_not_found' },
    message_waiting: gone,
    start_retried: gone,
    registered: gone,
    beat: gone,
    beat_impaired: gone,
    beat_recovered: gone,
    went_silent: gone,
    external_went_silent: gone,
    instance_ended: gone,
    host_lost: gone,
    start_failed: gone,
    start_timed_out: gone,
    crash_looped: gone,
    pause_requested: { refuse: 'workspace_not_found' },
    hibernate_requested: { refuse: 'workspace_not_found' },
    hibernated: gone,
    remove_requested: alreadyThere,
  },
};

/** What a trigger means for a workspace in `status`. Pure. */
export function decide(status: Status, trigger: Trigger): Outcome {
  return LIFECYCLE[status][trigger];
}
