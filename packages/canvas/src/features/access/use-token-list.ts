import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { problemOf } from '../../model/problem.js';

interface TokenCalls<T> {
  readonly key: readonly string[];
  readonly list: (signal: AbortSignal) => Promise<readonly T[]>;
  /** Resolves with the token in full. */
  readonly make: () => Promise<string>;
  readonly revoke: (id: string) => Promise<void>;
}

/** A list of tokens that can be made and revoked; a new one is held until the person says that it is saved. */
export function useTokenList<T>({ key, list, make, revoke }: TokenCalls<T>) {
  const queries = useQueryClient();
  const [made, setMade] = useState<string | null>(null);
  const refresh = () => queries.invalidateQueries({ queryKey: key });
  const tokens = useQuery({ queryKey: key, queryFn: ({ signal }) => list(signal) });
  const making = useMutation({
    mutationFn: make,
    onSuccess: (token) => {
      setMade(token);
      return refresh();
    },
  });
  const revoking = useMutation({ mutationFn: revoke, onSuccess: refresh });
  const error = making.error ?? revoking.error;
  return {
    tokens,
    made,
    forget: () => setMade(null),
    make: making,
    revoke: revoking,
    problem: error ? problemOf(error) : null,
  };
}
