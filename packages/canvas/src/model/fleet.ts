import type { EventFrame, Status, Workspace } from '@molecule/contract';
import { canAnswer } from './status.js';

/** A delegation that is under way, or ended a moment ago and is still shown. */
export interface Flight {
  readonly id: string;
  readonly sourceId: string;
  readonly targetId: string;
  readonly outcome: 'open' | 'completed' | 'failed';
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
}

/** What the event log said about a failure beyond the one line on the card. */
export interface Failure {
  readonly reason: string | null;
  readonly missing: readonly string[];
  readonly logTail: string | null;
}

/**
 * Everything the canvas knows about the organisation. Built from one snapshot plus the events after it; applying
 * the same event twice changes nothing, so a snapshot and the events around it may overlap.
 */
export interface Fleet {
  /** In the order of the snapshot: oldest first. */
  readonly agents: ReadonlyMap<string, Workspace>;
  readonly failures: ReadonlyMap<string, Failure>;
  readonly flights: ReadonlyMap<string, Flight>;
  /** Agents known from an event only, so that some of their fields are guesses: read the snapshot again. */
  readonly incomplete: ReadonlySet<string>;
}

export const emptyFleet: Fleet = {
  agents: new Map(),
  failures: new Map(),
  flights: new Map(),
  incomplete: new Set(),
};

/** Long enough to see where a quick delegation went. */
export const FLIGHT_LINGER_MS = 2_500;

/** Replaces all agents; unchanged ones keep their identity, so that their cards do not render again. */
export function withSnapshot(fleet: Fleet, workspaces: readonly Workspace[]): Fleet {
  const agents = new Map<string, Workspace>();
  for (const workspace of workspaces) {
    const known = fleet.agents.get(workspace.id);
    agents.set(workspace.id, known && sameFields(known, workspace) ? known : workspace);
  }
  const failures = new Map([...fleet.failures].filter(([id]) => agents.get(id)?.status === 'failed'));
  return { ...fleet, agents, failures, incomplete: new Set() };
}

/** Applies frames in order. Frames of types this build does not know are ignored: the server may be newer. */
export function withFrames(fleet: Fleet, frames: readonly EventFrame[], nowMs: number): Fleet {
  const draft = new FleetDraft(fleet);
  for (const frame of frames) applyFrame(draft, frame, nowMs);
  return draft.finish();
}

/** Forgets delegations that ended long enough ago to have been seen. */
export function withoutEndedFlights(fleet: Fleet, nowMs: number): Fleet {
  const flights = new Map(
    [...fleet.flights].filter(([, one]) => one.endedAtMs === null || one.endedAtMs + FLIGHT_LINGER_MS > nowMs),
  );
  return flights.size === fleet.flights.size ? fleet : { ...fleet, flights };
}

function applyFrame(draft: FleetDraft, frame: EventFrame, nowMs: number): void {
  const id = frame.workspace_id;
  if (id === null) return;
  switch (frame.event) {
    case 'WORKSPACE_PROVISIONING': {
      const { name, tier, runtime, parent_id, x, y } = frame.payload;
      const started = {
        status: 'provisioning',
        name,
        tier,
        runtime,
        url: '',
        current_task: '',
        active_tasks: 0,
        start_progress: '',
      } as const;
      if (draft.agent(id)) draft.patch(id, { ...started, last_sample_error: '' });
      else
        draft.add(
          partialWorkspace(id, frame.timestamp, { ...started, parent_id: parent_id ?? null, x: x ?? 0, y: y ?? 0 }),
        );
      draft.forgetFailure(id);
      return;
    }
    case 'WORKSPACE_ONLINE': {
      const { url, agent_card, name } = frame.payload;
      draft.patchOrAdd(id, frame.timestamp, {
        status: 'online',
        last_sample_error: '',
        ...(url === undefined ? {} : { url }),
        ...(name === undefined ? {} : { name }),
        ...(isRecord(agent_card) ? { agent_card, ...demoOf(agent_card) } : {}),
      });
      draft.forgetFailure(id);
      return;
    }
    case 'WORKSPACE_AWAITING_AGENT':
      draft.patchOrAdd(id, frame.timestamp, { status: 'awaiting_agent', name: frame.payload.name });
      return;
    case 'WORKSPACE_OFFLINE':
      draft.patch(id, { status: 'offline', ...idle, last_sample_error: frame.payload.reason ?? '' });
      return;
    case 'WORKSPACE_DEGRADED':
      draft.patch(id, {
        status: 'degraded',
        last_sample_error: frame.payload.sample_error,
        ...(frame.payload.error_rate === undefined ? {} : { last_error_rate: frame.payload.error_rate }),
      });
      return;
    case 'WORKSPACE_PAUSED':
      draft.patch(id, { status: 'paused', ...idle, last_sample_error: '' });
      draft.forgetFailure(id);
      return;
    case 'WORKSPACE_HIBERNATED':
      draft.patch(id, { status: 'hibernated', ...idle, last_sample_error: '' });
      draft.forgetFailure(id);
      return;
    case 'WORKSPACE_REMOVED':
      draft.remove(id);
      return;
    case 'WORKSPACE_PROVISION_FAILED': {
      const { error, reason, missing, log_tail } = frame.payload;
      draft.patchOrAdd(id, frame.timestamp, { status: 'failed', ...idle, last_sample_error: error });
      draft.fail(id, { reason: reason ?? null, missing: missing ?? [], logTail: log_tail ?? null });
      return;
    }
    case 'AGENT_CARD_UPDATED': {
      const card = frame.payload.agent_card;
      draft.patch(id, isRecord(card) ? { agent_card: card, ...demoOf(card) } : { agent_card: null });
      return;
    }
    case 'WORKSPACE_UPDATED': {
      const known = draft.agent(id);
      if (known) draft.patch(id, acceptedChanges(known, frame.payload.changes));
      return;
    }
    case 'CANVAS_LAYOUT_UPDATED': {
      const { x, y, w, h, z, collapsed } = frame.payload;
      draft.patch(id, { x, y, w, h, z, collapsed });
      return;
    }
    case 'WORKSPACE_HEARTBEAT':
      draft.patch(id, heartbeatOf(draft.agent(id), frame));
      return;
    case 'TASK_UPDATED':
      draft.patch(id, frame.payload);
      return;
    case 'DELEGATION_SENT':
      draft.depart(frame.payload.delegation_id, id, frame.payload.target_id, nowMs);
      return;
    case 'DELEGATION_STATUS':
      if (frame.payload.status === 'stuck') draft.land(frame.payload.delegation_id, 'failed', nowMs);
      else draft.depart(frame.payload.delegation_id, id, frame.payload.target_id, nowMs);
      return;
    case 'DELEGATION_COMPLETE':
      draft.land(frame.payload.delegation_id, 'completed', nowMs);
      return;
    case 'DELEGATION_FAILED':
      draft.land(frame.payload.delegation_id, 'failed', nowMs);
      return;
    // Conversations and secrets read these; the fleet does not change.
    // Each of the removed children has an event of its own.
    case 'WORKSPACE_COLLAPSED':
    case 'AGENT_ASSIGNED':
    case 'AGENT_REPLACED':
    case 'AGENT_REMOVED':
    case 'AGENT_MOVED':
    case 'ACTIVITY_LOGGED':
    case 'AGENT_MESSAGE':
    case 'A2A_RESPONSE':
    case 'SECRET_CHANGED':
    case 'EXTERNAL_CREDENTIALS_ROTATED':
      return;
    default:
      ignoreUnknown(frame);
  }
}

/** Compiles only while every known event has its case; at run time a newer server may send more. */
function ignoreUnknown(_frame: never): void {}

const idle = { current_task: '', active_tasks: 0 };

/** Why an agent failed or went away is known to the server alone; what a late beat says must not cover it. */
function heartbeatOf(known: Workspace | undefined, frame: EventFrame & { event: 'WORKSPACE_HEARTBEAT' }) {
  const { active_tasks, uptime_seconds, sample_error } = frame.payload;
  const beat = { active_tasks, uptime_seconds, last_heartbeat_at: frame.timestamp };
  const says = sample_error !== undefined && known !== undefined && canAnswer(known.status);
  return says ? { ...beat, last_sample_error: sample_error } : beat;
}

/** Copies a map of the fleet only when something in it changes. */
class FleetDraft {
  private agents: ReadonlyMap<string, Workspace>;
  private failures: ReadonlyMap<string, Failure>;
  private flights: ReadonlyMap<string, Flight>;
  private incomplete: ReadonlySet<string>;
  private readonly base: Fleet;

  constructor(base: Fleet) {
    this.base = base;
    this.agents = base.agents;
    this.failures = base.failures;
    this.flights = base.flights;
    this.incomplete = base.incomplete;
  }

  agent(id: string): Workspace | undefined {
    return this.agents.get(id);
  }

  patch(id: string, change: Partial<Workspace>): void {
    const known = this.agents.get(id);
    if (!known) return;
    const next = { ...known, ...change };
    if (!sameFields(known, next)) this.writeAgents().set(id, next);
  }

  add(workspace: Workspace): void {
    this.writeAgents().set(workspace.id, workspace);
    this.incomplete = new Set(this.incomplete).add(workspace.id);
  }

  patchOrAdd(id: string, at: string, change: Partial<Workspace> & { status: Status }): void {
    if (this.agents.has(id)) this.patch(id, change);
    else this.add(partialWorkspace(id, at, { name: '', ...change }));
  }

  remove(id: string): void {
    if (this.agents.has(id)) this.writeAgents().delete(id);
    this.forgetFailure(id);
    if (!this.incomplete.has(id)) return;
    const incomplete = new Set(this.incomplete);
    incomplete.delete(id);
    this.incomplete = incomplete;
  }

  fail(id: string, failure: Failure): void {
    this.failures = new Map(this.failures).set(id, failure);
  }

  forgetFailure(id: string): void {
    if (!this.failures.has(id)) return;
    const failures = new Map(this.failures);
    failures.delete(id);
    this.failures = failures;
  }

  depart(id: string, sourceId: string, targetId: string, nowMs: number): void {
    if (this.flights.has(id)) return;
    const flight: Flight = { id, sourceId, targetId, outcome: 'open', startedAtMs: nowMs, endedAtMs: null };
    this.flights = new Map(this.flights).set(id, flight);
  }

  land(id: string, outcome: 'completed' | 'failed', nowMs: number): void {
    const flight = this.flights.get(id);
    if (flight?.outcome !== 'open') return;
    this.flights = new Map(this.flights).set(id, { ...flight, outcome, endedAtMs: nowMs });
  }

  finish(): Fleet {
    const { agents, failures, flights, incomplete, base } = this;
    const same =
      agents === base.agents &&
      failures === base.failures &&
      flights === base.flights &&
      incomplete === base.incomplete;
    return same ? base : { agents, failures, flights, incomplete };
  }

  private writeAgents(): Map<string, Workspace> {
    const copy = this.agents === this.base.agents ? new Map(this.agents) : (this.agents as Map<string, Workspace>);
    this.agents = copy;
    return copy;
  }
}

function partialWorkspace(
  id: string,
  at: string,
  known: Partial<Workspace> & { status: Status; name: string },
): Workspace {
  return {
    id,
    role: null,
    tier: 0,
    url: '',
    parent_id: null,
    agent_card: null,
    active_tasks: 0,
    max_concurrent_tasks: 1,
    last_error_rate: 0,
    last_sample_error: '',
    uptime_seconds: 0,
    runtime: '',
    template: '',
    x: 0,
    y: 0,
    w: null,
    h: null,
    z: 0,
    collapsed: false,
    last_heartbeat_at: null,
    created_at: at,
    generation: 0,
    demo: false,
    model: null,
    start_progress: '',
    hibernation_idle_minutes: null,
    needs_restart: false,
    template_changed: false,
    current_task: '',
    workspace_dir: null,
    monthly_spend: 0,
    budget_limit: null,
    ...known,
  };
}

/**
 * Takes over the fields of an update event that this build knows and whose values have the type of the present
 * ones; null is accepted where the field may be null. Anything else would put unchecked data into the model.
 */
function acceptedChanges(known: Workspace, changes: Readonly<Record<string, unknown>>): Partial<Workspace> {
  const accepted: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(changes)) {
    if (!(field in known) || field === 'id') continue;
    const present = known[field as keyof Workspace];
    const fits = nullableFields.has(field)
      ? value === null || typeof value === nullableFields.get(field)
      : typeof value === typeof present;
    if (fits) accepted[field] = value;
  }
  return accepted;
}

const nullableFields = new Map<string, string>([
  ['role', 'string'],
  ['parent_id', 'string'],
  ['agent_card', 'object'],
  ['model', 'string'],
  ['workspace_dir', 'string'],
  ['hibernation_idle_minutes', 'number'],
  ['budget_limit', 'number'],
  ['w', 'number'],
  ['h', 'number'],
  ['last_heartbeat_at', 'string'],
]);

function demoOf(card: Readonly<Record<string, unknown>>): { demo?: boolean } {
  return typeof card.demo === 'boolean' ? { demo: card.demo } : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sameFields(a: Workspace, b: Workspace): boolean {
  for (const key of Object.keys(b) as (keyof Workspace)[]) {
    if (a[key] === b[key]) continue;
    // The card is the only structured field; its JSON decides whether anything changed.
    if (key === 'agent_card' && JSON.stringify(a[key]) === JSON.stringify(b[key])) continue;
    return false;
  }
  return true;
}
