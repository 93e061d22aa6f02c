import type { Activity } from '@molecule/contract';
import { Activity as ActivityIcon, ArrowUp, SearchX } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { ActivityLog, ActivityLogState } from '../../sync/activity-log.js';
import { Button } from '../../ui/button.js';
import { Placeholder } from '../../ui/placeholder.js';
import { ActivityRow } from './activity-row.js';
import { ListEnd } from './list-end.js';
import { useMoreAtEnd } from './use-more-at-end.js';

interface ActivityListProps {
  log: ActivityLog;
  state: ActivityLogState;
  /** Those of the log that are to be seen, fresh ones among them. */
  rows: readonly Activity[];
  narrowed: boolean;
  sieved: boolean;
  atBound: boolean;
  live: boolean;
  onClear: () => void;
}

/**
 * New rows come in at the top by themselves while nobody reads further down. Otherwise they wait, counted, so that what
 * is being read stays where it is.
 */
export function ActivityList({ log, state, rows, narrowed, sieved, atBound, live, onClear }: ActivityListProps) {
  const area = useRef<HTMLDivElement>(null);
  const [scrolled, setScrolled] = useState(false);
  const [walking, setWalking] = useState(false);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const shown = rows.filter((row) => !state.fresh.has(row.id));
  const waiting = rows.length - shown.length;
  const holds = !live || scrolled || walking || open.size > 0;
  const letIn = state.fresh.size > 0 && (!holds || waiting === 0);
  useEffect(() => {
    if (letIn) log.reveal();
  }, [letIn, log]);
  const end = useMoreAtEnd({ log, state, area, sieved, atBound, shown: shown.length });

  const toggle = (id: string, next: boolean) =>
    setOpen((before) => {
      const after = new Set(before);
      if (next) after.add(id);
      else after.delete(id);
      return after;
    });
  const showWaiting = () => {
    log.reveal();
    if (area.current) area.current.scrollTop = 0;
  };

  return (
    <div className="relative min-h-0 flex-1">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it only notices where the focus is */}
      <div
        ref={area}
        // Who walks through the rows by keyboard must not find another one under the focus's place.
        onFocus={(event) => setWalking(event.target.matches(':focus-visible'))}
        onBlur={() => setWalking(false)}
        onScroll={(event) => setScrolled(event.currentTarget.scrollTop > 8)}
        className="relative h-full overflow-y-auto"
      >
        {shown.length === 0 && end.searching === false && state.problem === null && (
          <Placeholder
            icon={narrowed ? SearchX : ActivityIcon}
            title={narrowed ? 'Nothing matches' : 'Nothing has happened yet'}
          >
            {narrowed ? (
              <>
                <p>No activity fits the words and filters above.</p>
                <Button size="small" className="mt-3" onClick={onClear}>
                  Clear all filters
                </Button>
              </>
            ) : (
              'Messages, delegations and what the agent reports appear here as they happen.'
            )}
          </Placeholder>
        )}
        {shown.length > 0 && (
          <ul aria-label="Activity, newest first">
            {shown.map((row) => (
              <ActivityRow key={row.id} row={row} open={open.has(row.id)} onToggle={(next) => toggle(row.id, next)} />
            ))}
          </ul>
        )}
        <ListEnd {...end} state={state} sieved={sieved} empty={shown.length === 0} />
      </div>
      <div role="status" className="pointer-events-none absolute inset-x-0 top-2 flex justify-center">
        {waiting > 0 && (
          <Button
            size="small"
            look="primary"
            icon={ArrowUp}
            onClick={showWaiting}
            className="pointer-events-auto rounded-full! shadow-lift!"
          >
            {waiting} new
          </Button>
        )}
      </div>
    </div>
  );
}
