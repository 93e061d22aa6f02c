import { ListFilter, Pause, Play } from 'lucide-react';
import { useId, useState } from 'react';
import { Button, IconButton } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { type ActivityFilter, type FilterName, filterNames } from './activity-filter.js';
import { FilterChips, FilterFields } from './filter-fields.js';

interface FilterBarProps {
  id: string;
  filter: ActivityFilter;
  onChange: (name: FilterName, value: string) => void;
  live: boolean;
  onLive: (live: boolean) => void;
}

/** Words, filters, and whether the list follows what happens. */
export function FilterBar({ id, filter, onChange, live, onLive }: FilterBarProps) {
  const [open, setOpen] = useState(false);
  const fields = useId();
  const count = filterNames.filter((name) => name !== 'q' && filter[name] !== '').length;
  return (
    <search aria-label="Filter the activity" className="block space-y-2 border-b border-line px-4 py-2">
      <div className="flex items-center gap-2">
        <div className="min-w-0 flex-1">
          <TextField
            bare
            label="Words in the activity"
            type="search"
            placeholder="Words, errors, ids"
            value={filter.q}
            onChange={(event) => onChange('q', event.target.value)}
            className="h-8!"
          />
        </div>
        <Button
          size="small"
          icon={ListFilter}
          aria-expanded={open}
          aria-controls={fields}
          onClick={() => setOpen(!open)}
          className="h-8!"
        >
          {count === 0 ? 'Filters' : `Filters (${count})`}
        </Button>
        {filter.until === '' ? (
          <>
            <span role="status" className="text-xs whitespace-nowrap text-ink-soft max-sm:sr-only">
              {live ? 'Following live' : 'Paused'}
            </span>
            <IconButton
              icon={live ? Pause : Play}
              label={live ? 'Stop following' : 'Follow live'}
              aria-pressed={live}
              onClick={() => onLive(!live)}
            />
          </>
        ) : (
          <Button size="small" className="h-8!" onClick={() => onChange('until', '')}>
            Back to now
          </Button>
        )}
      </div>
      <div id={fields} hidden={!open} className="-mx-0.5 max-h-[40vh] overflow-y-auto p-0.5">
        <FilterFields id={id} filter={filter} onChange={onChange} />
      </div>
      <FilterChips filter={filter} onChange={onChange} />
    </search>
  );
}
