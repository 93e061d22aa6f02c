const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "now", "40 s", "5 min", "3 h", "2 d": how long ago, short enough for a list. */
export function ageOf(at: string | number | Date, nowMs: number): string {
  const ms = Math.max(0, nowMs - new Date(at).getTime());
  if (!Number.isFinite(ms)) return '';
  if (ms < 5 * SECOND) return 'now';
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** The same within a sentence: "just now", "40 s ago". */
export function agoOf(at: string | number | Date, nowMs: number): string {
  const age = ageOf(at, nowMs);
  return age === 'now' ? 'just now' : `${age} ago`;
}

export function formatDuration(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)} s`;
  return `${Math.floor(ms / MINUTE)} min ${Math.round((ms % MINUTE) / SECOND)} s`;
}

/** The exact instant, local and ISO, for tooltips. */
export function exactTime(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? at : `${date.toLocaleString()} (${date.toISOString()})`;
}

export function clockTime(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

/** The heading of a day in a conversation. */
export function dayLabel(at: string, nowMs: number): string {
  const date = new Date(at);
  const days = Math.round((startOfDay(nowMs) - startOfDay(date.getTime())) / DAY);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return date.toLocaleDateString(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
}

function startOfDay(ms: number): number {
  const date = new Date(ms);
  date.setHours(0, 0, 0, 0);
  return date.getTime();
}
