import { useMemo } from 'react';
import { useSearchParams } from 'react-router';

/** What of a page is in its address. A change replaces the entry: Back leaves the page, not a letter of a filter. */
export function useAddressParams(): {
  readonly params: URLSearchParams;
  /** "" takes a parameter out. */
  readonly set: (changes: Readonly<Record<string, string>>) => void;
} {
  const [params, setParams] = useSearchParams();
  return useMemo(
    () => ({
      params,
      set: (changes) =>
        setParams(
          (old) => {
            const next = new URLSearchParams(old);
            for (const [name, value] of Object.entries(changes)) {
              if (value === '') next.delete(name);
              else next.set(name, value);
            }
            return next;
          },
          { replace: true },
        ),
    }),
    [params, setParams],
  );
}
