import { type RefObject, useEffect, useRef, useState } from 'react';
import type { ActivityLog, ActivityLogState } from '../../sync/activity-log.js';

/** Pages that are searched in one go for rows that fit. */
const PAGES_AT_ONCE = 10;
/** As many as fill a panel. */
const ENOUGH_ROWS = 20;

interface MoreAtEnd {
  readonly log: ActivityLog;
  readonly state: ActivityLogState;
  readonly area: RefObject<HTMLElement | null>;
  readonly sieved: boolean;
  /** Everything older is known not to fit. */
  readonly atBound: boolean;
  readonly shown: number;
}

export interface EndOfList {
  /** Goes below the last row; its coming into view reads further. */
  readonly mark: RefObject<HTMLDivElement | null>;
  readonly searching: boolean;
  readonly hasMore: boolean;
  readonly more: () => void;
}

/**
 * Reads older pages as the reader nears the end. Where rows are compared here, pages are read until enough fit, but only
 * so many at once: whoever looks for something that is not there decides how far back to go.
 */
export function useMoreAtEnd({ log, state, area, sieved, atBound, shown }: MoreAtEnd): EndOfList {
  const [inView, setInView] = useState(false);
  const [allowed, setAllowed] = useState(state.pages + PAGES_AT_ONCE);
  const mark = useRef<HTMLDivElement>(null);

  useEffect(() => {
    // Without the observer the button below the list remains.
    if (mark.current === null || typeof IntersectionObserver === 'undefined') return;
    const observer = new IntersectionObserver((entries) => setInView(entries.at(-1)?.isIntersecting ?? false), {
      root: area.current,
      rootMargin: '0px 0px 240px 0px',
    });
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [area]);

  const hasMore = state.history === 'partial' && !atBound;
  const wanted = inView || (sieved && shown < ENOUGH_ROWS);
  const goesOn = hasMore && wanted && state.problem === null && (!sieved || state.pages < allowed);
  useEffect(() => {
    if (goesOn && !state.reading) log.readOlder();
  }, [goesOn, state.reading, log]);

  return {
    mark,
    searching: state.reading || goesOn,
    hasMore,
    more: () => {
      setAllowed(state.pages + PAGES_AT_ONCE);
      log.readOlder();
    },
  };
}
