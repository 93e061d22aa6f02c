import type { Status } from '@molecule/contract';

/** How a status looks and what a person should know about it. Colour never stands alone: shape and word go with it. */
export interface StatusStyle {
  readonly label: string;
  /** Which of the six colour families of the theme. */
  readonly tone: 'ok' | 'busy' | 'warn' | 'bad' | 'rest' | 'wait';
  readonly shape: 'check' | 'spinner' | 'triangle' | 'cross' | 'slash' | 'dashed' | 'pause' | 'moon' | 'archive';
  /** A sentence for tooltips and screen readers. */
  readonly meaning: string;
  /** Needs a person: counted in the toolbar and visited by "next problem". */
  readonly problem: boolean;
}

const statusStyles = {
  provisioning: {
    label: 'Starting',
    tone: 'busy',
    shape: 'spinner',
    meaning: 'The agent is being started.',
    problem: false,
  },
  online: { label: 'Online', tone: 'ok', shape: 'check', meaning: 'The agent answers messages.', problem: false },
  degraded: {
    label: 'Degraded',
    tone: 'warn',
    shape: 'triangle',
    meaning: 'The agent runs, but reports errors.',
    problem: true,
  },
  offline: {
    label: 'Offline',
    tone: 'rest',
    shape: 'slash',
    meaning: 'The agent stopped answering; the server tries to bring it back.',
    problem: true,
  },
  awaiting_agent: {
    label: 'Awaiting agent',
    tone: 'wait',
    shape: 'dashed',
    meaning: 'An agent that runs elsewhere has not connected yet.',
    problem: false,
  },
  paused: {
    label: 'Paused',
    tone: 'rest',
    shape: 'pause',
    meaning: 'Stopped by a person; it takes no messages until it is resumed.',
    problem: false,
  },
  hibernating: {
    label: 'Hibernating',
    tone: 'rest',
    shape: 'moon',
    meaning: 'The agent is being stopped until a message wakes it.',
    problem: false,
  },
  hibernated: {
    label: 'Hibernated',
    tone: 'rest',
    shape: 'moon',
    meaning: 'Stopped to save resources; a message wakes it.',
    problem: false,
  },
  failed: { label: 'Failed', tone: 'bad', shape: 'cross', meaning: 'The agent could not be started.', problem: true },
  removed: { label: 'Removed', tone: 'rest', shape: 'archive', meaning: 'The agent was removed.', problem: false },
} satisfies Record<Status, StatusStyle>;

export function statusStyle(status: Status): StatusStyle {
  return statusStyles[status];
}

/** Worst first: the order in which a collapsed team and the toolbar report. */
export const statusesBySeverity = [
  'failed',
  'offline',
  'degraded',
  'provisioning',
  'awaiting_agent',
  'hibernating',
  'paused',
  'hibernated',
  'online',
  'removed',
] as const satisfies readonly Status[];

const severity = new Map<Status, number>(statusesBySeverity.map((status, index) => [status, index]));

export function worstOf(statuses: Iterable<Status>): Status | null {
  let worst: Status | null = null;
  for (const status of statuses) {
    if (worst === null || (severity.get(status) ?? 99) < (severity.get(worst) ?? 99)) worst = status;
  }
  return worst;
}

/** Agents that take a message now. Every other status queues it or refuses it; the composer says which. */
export function canAnswer(status: Status): boolean {
  return status === 'online' || status === 'degraded';
}

/** Agents that are stopped because somebody wants it so: they are drawn set back. */
export function isHeld(status: Status): boolean {
  return status === 'paused' || status === 'hibernating' || status === 'hibernated';
}
