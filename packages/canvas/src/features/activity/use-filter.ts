import { useMemo } from 'react';
import { useAddressParams } from '../../app/use-address-params.js';
import { type ActivityFilter, type FilterName, filterNames, filterOf } from './activity-filter.js';

/** The filter in the address. */
export function useFilter(): {
  readonly filter: ActivityFilter;
  readonly set: (name: FilterName, value: string) => void;
  readonly clear: () => void;
} {
  const { params, set } = useAddressParams();
  return useMemo(
    () => ({
      filter: filterOf(params),
      set: (name, value) => set({ [name]: value }),
      clear: () => set(Object.fromEntries(filterNames.map((name) => [name, '']))),
    }),
    [params, set],
  );
}
