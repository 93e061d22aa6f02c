import { X } from 'lucide-react';
import { useFleet } from '../../app/services-context.js';
import { treeOrder } from '../../model/selectors.js';
import { SelectField, TextField } from '../../ui/field.js';
import { type ActivityFilter, type FilterName, outcomes, sources, windows } from './activity-filter.js';
import { activityFilters } from './activity-words.js';

interface FilterFieldsProps {
  id: string;
  filter: ActivityFilter;
  onChange: (name: FilterName, value: string) => void;
}

/** Every way to narrow the list but the words, which have a place of their own. */
export function FilterFields({ id, filter, onChange }: FilterFieldsProps) {
  const fleet = useFleet((state) => state.fleet);
  const peers = treeOrder(fleet).flatMap((row) => (row.id === id ? [] : (fleet.agents.get(row.id) ?? [])));
  const field = (name: FilterName) => ({
    value: filter[name],
    onChange: (event: { target: { value: string } }) => onChange(name, event.target.value),
  });
  return (
    <div className="grid grid-cols-2 gap-x-3 gap-y-2.5">
      <SelectField label="Kind" {...field('type')}>
        {activityFilters.map(({ type, label }) => (
          <option key={type} value={type}>
            {label}
          </option>
        ))}
        {!activityFilters.some(({ type }) => type === filter.type) && <option>{filter.type}</option>}
      </SelectField>
      <SelectField label="From" {...field('source')}>
        <option value="">Everybody</option>
        {sources.map((one) => (
          <option key={one.id} value={one.id}>
            {one.label}
          </option>
        ))}
      </SelectField>
      <SelectField label="With" {...field('peer')}>
        <option value="">Any agent</option>
        {peers.map((agent) => (
          <option key={agent.id} value={agent.id}>
            {agent.name || 'Unnamed agent'}
          </option>
        ))}
        {filter.peer !== '' && !peers.some((agent) => agent.id === filter.peer) && (
          <option value={filter.peer}>{nameOfPeer(undefined, filter.peer)}</option>
        )}
      </SelectField>
      <SelectField label="Outcome" {...field('outcome')}>
        <option value="">Any outcome</option>
        {outcomes.map((one) => (
          <option key={one.id} value={one.id}>
            {one.label}
          </option>
        ))}
      </SelectField>
      <SelectField label="When" {...field('since')}>
        <option value="">Any time</option>
        {windows.map((one) => (
          <option key={one.id} value={one.id}>
            {one.label}
          </option>
        ))}
      </SelectField>
      <TextField
        label="Before"
        type="datetime-local"
        value={toLocalField(filter.until)}
        onChange={(event) => onChange('until', fromLocalField(event.target.value))}
      />
    </div>
  );
}

/** What the list is narrowed to, each with a way out. */
export function FilterChips({ filter, onChange }: Omit<FilterFieldsProps, 'id'>) {
  const peer = useFleet((state) => state.fleet.agents.get(filter.peer)?.name);
  const labels: readonly (readonly [FilterName, string | undefined])[] = [
    ['type', activityFilters.find(({ type }) => type === filter.type)?.label ?? filter.type],
    ['source', sources.find(({ id }) => id === filter.source)?.label],
    ['peer', `With ${nameOfPeer(peer, filter.peer)}`],
    ['outcome', outcomes.find(({ id }) => id === filter.outcome)?.label],
    ['since', windows.find(({ id }) => id === filter.since)?.label],
    ['until', `Before ${new Date(filter.until).toLocaleString()}`],
  ];
  const chips = labels.filter(([name]) => filter[name] !== '');
  if (chips.length === 0) return null;
  return (
    <ul aria-label="The list is narrowed to" className="flex flex-wrap gap-1.5">
      {chips.map(([name, label]) => (
        <li key={name}>
          <button
            type="button"
            aria-label={`Remove the filter ${label}`}
            onClick={() => onChange(name, '')}
            className="inline-flex h-7 max-w-64 items-center gap-1 rounded-full bg-accent-soft pr-2 pl-2.5 text-xs font-medium text-accent hover:text-accent-strong"
          >
            <span className="truncate">{label}</span>
            <X aria-hidden className="size-3.5 shrink-0" />
          </button>
        </li>
      ))}
    </ul>
  );
}

export function nameOfPeer(name: string | undefined, id: string): string {
  return name ?? `removed agent ${id.slice(0, 8)}`;
}

/** The field of a browser has local time and no zone. */
function toLocalField(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function fromLocalField(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
