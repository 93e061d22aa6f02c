import type { Activity } from '@molecule/contract';
import { ChevronRight } from 'lucide-react';
import { useFleet } from '../../app/services-context.js';
import { useNow } from '../../app/use-now.js';
import { agoOf, exactTime, formatDuration } from '../../model/relative-time.js';
import { classes } from '../../ui/classes.js';
import { isResult, kindOf, outcomeOf, textOfRow } from './activity-words.js';
import { OutcomeMark } from './outcome-mark.js';
import { RowBody } from './row-body.js';

interface ActivityRowProps {
  row: Activity;
  open: boolean;
  onToggle: (open: boolean) => void;
}

export function ActivityRow({ row, open, onToggle }: ActivityRowProps) {
  const now = useNow(15_000);
  return (
    <li className="border-b border-line">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => onToggle(!open)}
        className="flex w-full items-start gap-2.5 px-4 py-2.5 text-left hover:bg-hover focus-visible:-outline-offset-2"
      >
        <ChevronRight
          aria-hidden
          className={classes('mt-0.5 size-4 shrink-0 text-ink-faint transition-transform', open && 'rotate-90')}
        />
        <span className="min-w-0 flex-1">
          <span className="flex flex-wrap items-center gap-x-2">
            <OutcomeMark outcome={outcomeOf(row.status)} word={row.status} />
            <span className="text-sm font-medium">{kindOf(row)}</span>
            <span className="flex-1" />
            {row.duration_ms !== null && row.duration_ms > 0 && (
              <span className="text-xs text-ink-faint tabular-nums">took {formatDuration(row.duration_ms)}</span>
            )}
            <time
              dateTime={row.created_at}
              title={exactTime(row.created_at)}
              className="text-xs text-ink-faint tabular-nums"
            >
              {agoOf(row.created_at, now)}
            </time>
          </span>
          <Summary row={row} />
          {row.error_detail && !open && (
            <span className="mt-0.5 block truncate text-xs text-bad">{row.error_detail}</span>
          )}
        </span>
      </button>
      {open && <RowBody row={row} />}
    </li>
  );
}

/** Between whom, and about what. */
function Summary({ row }: { row: Activity }) {
  const source = useFleet((state) =>
    row.source_id === null ? null : (state.fleet.agents.get(row.source_id)?.name ?? null),
  );
  const target = useFleet((state) =>
    row.target_id === null ? null : (state.fleet.agents.get(row.target_id)?.name ?? null),
  );
  const sender = source ?? (row.source_id === null && row.activity_type === 'a2a_receive' ? 'You' : null);
  // The row of a result keeps who asked whom; the result itself goes the other way.
  const [from, to] = isResult(row) ? [target, sender] : [sender, target];
  const text = textOfRow(row);
  return (
    <span className="mt-0.5 block truncate text-sm text-ink-soft">
      {from !== null && to !== null && from !== to && (
        <span className="text-ink">
          {from} to {to}
          {text && ': '}
        </span>
      )}
      {text}
    </span>
  );
}
