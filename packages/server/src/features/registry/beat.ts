import type { Heartbeat } from '@molecule/contract';
import type { Beat } from '../workspaces/index.js';

/** Shown on a card and carried by events, which are limited; whoever wants more reads the agent's log. */
const TEXT_MAX = 1_000;
export const MODEL_MAX = 200;
const INT_MAX = 2_147_483_647;
const CAPABILITIES = [
  'heartbeat',
  'scheduler',
  'session',
  'status_mgmt',
  'retry',
  'activity_decoration',
  'channel_dispatch',
] as const;

/** A heartbeat as the store takes it. Absent stays absent: it keeps what an earlier beat said (B-29). */
export function toBeat(id: string, tokenHash: Buffer | null, body: Heartbeat): Beat {
  const metadata = body.runtime_metadata;
  return {
    id,
    hash: tokenHash?.toString('hex') ?? null,
    activeTasks: body.active_tasks,
    uptimeSeconds: body.uptime_seconds,
    currentTask: clip(body.current_task, TEXT_MAX),
    errorRate: body.error_rate,
    sampleError: clip(body.sample_error, TEXT_MAX),
    runtimeState: clip(body.runtime_state, TEXT_MAX),
    capabilities: toCapabilities(metadata?.capabilities),
    idleTimeoutSeconds: toSeconds(metadata?.idle_timeout_seconds),
    demo: metadata?.demo,
    model: metadata?.model === null ? '' : clip(metadata?.model, MODEL_MAX),
  };
}

/** Two beats with the same token in one batch are one: what the later one says wins, the rest of the earlier stays. */
export function mergeBeats(earlier: Beat, later: Beat): Beat {
  const given = Object.entries(later).filter(([, value]) => value !== undefined);
  return { ...earlier, ...Object.fromEntries(given) };
}

/** Rough size within the statement. */
export function beatBytes(beat: Beat): number {
  return 256 + (beat.currentTask?.length ?? 0) + (beat.sampleError?.length ?? 0);
}

const SPEND_MAX = 1_000_000_000_000;

/** Cents spent this month so far; 0 says nothing (contract registry-a2a §5.2). */
export function toMonthlySpend(body: Heartbeat): number {
  return Math.min(Math.max(body.monthly_spend ?? 0, 0), SPEND_MAX);
}

function toCapabilities(given: Readonly<Record<string, boolean>> | undefined): Record<string, boolean> | undefined {
  if (given === undefined) return undefined;
  return Object.fromEntries(CAPABILITIES.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
}

function toSeconds(given: number | undefined): number | undefined {
  return given === undefined ? undefined : Math.min(Math.max(given, 0), INT_MAX);
}

/** By code points, so that no character is cut in half (B-77). */
export function clip(text: string | undefined, max: number): string | undefined {
  if (text === undefined || text.length <= max) return text;
  return `${Array.from(text.slice(0, max * 2))
    .slice(0, max - 1)
    .join('')}…`;
}
