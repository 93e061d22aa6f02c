import type { Activity } from '@molecule/contract';
import { textOfReply } from '@molecule/contract/a2a';
import type { ActivityQuery } from '../../sync/activity-log.js';
import { outcomeOf, resultOf, textOfRow } from './activity-words.js';

/** Everything a list of activity can be narrowed to. "" does not narrow. The names are those in the address. */
export interface ActivityFilter {
  readonly type: string;
  readonly source: '' | 'human' | 'agent';
  readonly peer: string;
  readonly outcome: '' | 'failed' | 'open';
  readonly q: string;
  readonly since: '' | Window;
  /** An instant, ISO 8601. */
  readonly until: string;
}

export type FilterName = keyof ActivityFilter;

export const sources = [
  { id: 'human', label: 'You and other people' },
  { id: 'agent', label: 'Agents' },
] as const;

export const outcomes = [
  { id: 'failed', label: 'Failed only' },
  { id: 'open', label: 'Under way' },
] as const;

const MINUTE = 60_000;
export const windows = [
  { id: '15m', label: 'Last 15 minutes', ms: 15 * MINUTE },
  { id: '1h', label: 'Last hour', ms: 60 * MINUTE },
  { id: '24h', label: 'Last 24 hours', ms: 24 * 60 * MINUTE },
  { id: '7d', label: 'Last 7 days', ms: 7 * 24 * 60 * MINUTE },
] as const;
type Window = (typeof windows)[number]['id'];

export const filterNames = ['type', 'source', 'peer', 'outcome', 'q', 'since', 'until'] as const satisfies FilterName[];

/** Reads an address; what it cannot mean does not narrow. */
export function filterOf(params: URLSearchParams): ActivityFilter {
  const text = (name: FilterName) => params.get(name) ?? '';
  const until = Date.parse(text('until'));
  return {
    type: text('type'),
    source: oneOf(sources, text('source')),
    // The server refuses a peer that is no id, and then there would be nothing to see.
    peer: UUID.test(text('peer')) ? text('peer') : '',
    outcome: oneOf(outcomes, text('outcome')),
    q: text('q'),
    since: oneOf(windows, text('since')),
    until: Number.isNaN(until) ? '' : new Date(until).toISOString(),
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function oneOf<Id extends string>(options: readonly { readonly id: Id }[], text: string): Id | '' {
  return options.find((option) => option.id === text)?.id ?? '';
}

export function isNarrowed(filter: ActivityFilter): boolean {
  return filterNames.some((name) => filter[name] !== '');
}

/** What the server narrows by itself, over the whole log. */
export function queryOf(id: string, { type, source, peer, outcome, until }: ActivityFilter): ActivityQuery {
  return {
    id,
    ...(type === '' ? {} : { type }),
    ...(source === '' ? {} : { source: source === 'human' ? 'canvas' : 'agent' }),
    ...(peer === '' ? {} : { peer_id: peer }),
    ...(outcome === 'failed' ? { outcome } : {}),
    ...(until === '' ? {} : { until }),
  };
}

/** Whether the rest is compared here, row by row: then pages are read until enough of them match. */
export function isSieved({ outcome, q, since }: ActivityFilter): boolean {
  return outcome === 'open' || q.trim() !== '' || since !== '';
}

/** The oldest instant that may be shown, in milliseconds; null without such a bound. */
export function earliestOf({ since }: ActivityFilter, nowMs: number): number | null {
  const window = windows.find(({ id }) => id === since);
  return window === undefined ? null : nowMs - window.ms;
}

export function matches(row: Activity, filter: ActivityFilter, nowMs: number): boolean {
  const earliest = earliestOf(filter, nowMs);
  if (earliest !== null && Date.parse(row.created_at) < earliest) return false;
  if (filter.outcome !== '' && outcomeOf(row.status) !== (filter.outcome === 'failed' ? 'bad' : 'open')) return false;
  const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = searchable(row);
  return words.every((word) => text.includes(word));
}

const texts = new WeakMap<Activity, string>();

/** What a person may remember of a row, in lower case: its words, its error, its ids. */
function searchable(row: Activity): string {
  const known = texts.get(row);
  if (known !== undefined) return known;
  const parts = [
    textOfRow(row),
    textOfReply(row.response_body),
    resultOf(row),
    row.summary,
    row.error_detail,
    row.method,
    row.activity_type,
    row.id,
    row.message_id,
  ];
  const text = parts.filter(Boolean).join('\n').toLowerCase();
  texts.set(row, text);
  return text;
}
