import { useMemo } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import type { AskedVerb } from '../model/lifecycle-verbs.js';

export const tabs = [
  'chat',
  'activity',
  'comms',
  'delegations',
  'logs',
  'details',
  'secrets',
  'files',
  'config',
] as const;
export type Tab = (typeof tabs)[number];

export function isTab(text: string | undefined): text is Tab {
  return tabs.some((tab) => tab === text);
}

export type DialogName = 'import' | 'create' | 'connect' | 'help' | 'search' | 'move' | AskedVerb;

/** Every place of the app is an address, so that it can be bookmarked, shared and reached by Back. */
export function useGo() {
  const navigate = useNavigate();
  return useMemo(() => {
    const go = (path: string) => {
      // Only a router with data loaders answers with a promise, and it reports its own failures.
      void navigate(path);
    };
    return {
      canvas: () => go('/'),
      agents: () => go('/agents'),
      delegations: () => go('/delegations'),
      settings: () => go('/settings'),
      agent: (id: string, tab: Tab = 'chat') => go(`/w/${id}/${tab}`),
    };
  }, [navigate]);
}

/** Which dialog the address asks for, with its argument, and how to change that. */
export function useDialog() {
  const [params, setParams] = useSearchParams();
  const name = params.get('dialog');
  return useMemo(
    () => ({
      name,
      argument: params.get('for'),
      open: (next: DialogName, argument?: string) =>
        setParams((old) => {
          const query = new URLSearchParams(old);
          query.set('dialog', next);
          if (argument === undefined) query.delete('for');
          else query.set('for', argument);
          return query;
        }),
      close: () =>
        setParams(
          (old) => {
            const query = new URLSearchParams(old);
            query.delete('dialog');
            query.delete('for');
            return query;
          },
          { replace: true },
        ),
    }),
    [name, params, setParams],
  );
}
