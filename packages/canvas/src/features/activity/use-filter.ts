import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { type ActivityFilter, type FilterName, filterNames, filterOf } from './activity-filter.js';

/** The filter in the address. A change replaces the entry: Back leaves the list, not a letter. */
export function useFilter(): {
  readonly filter: ActivityFilter;
  readonly set: (name: FilterName, value: string) => void;
  readonly clear: () => void;
} {
  const [params, setParams] = useSearchParams();
  return useMemo(
    () => ({
      filter: filterOf(params),
      set: (name, value) =>
        setParams(
          (old) => {
            const next = new URLSearchParams(old);
            if (value === '') next.delete(name);
            else next.set(name, value);
            return next;
          },
          { replace: true },
        ),
      clear: () =>
        setParams(
          (old) => {
            const next = new URLSearchParams(old);
            for (const name of filterNames) next.delete(name);
            return next;
          },
          { replace: true },
        ),
    }),
    [params, setParams],
  );
}
