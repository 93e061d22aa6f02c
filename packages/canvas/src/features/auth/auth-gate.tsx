import { ApiError } from '@molecule/contract/client';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useFleet, useServices } from '../../app/services-context.js';
import { problemOf } from '../../model/problem.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { Loading } from '../../ui/placeholder.js';
import { LoginPage } from './login-page.js';

/** Asks who is there before anything else; shows how to log in when nobody is, or when the session has ended. */
export function AuthGate({ children }: { children: ReactNode }) {
  const { client } = useServices();
  const stopped = useFleet((state) => state.link.phase === 'stopped' && state.link.attempt > 0);
  const session = useQuery({
    queryKey: ['session', stopped],
    queryFn: async ({ signal }) => (await client.call('getSession', {}, { signal })).body.principal,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (session.isPending) return <Loading label="Loading Molecule" className="h-full" />;
  if (session.isSuccess) return children;
  if (session.error instanceof ApiError && session.error.status === 401) return <LoginPage />;
  const problem = problemOf(session.error);
  return (
    <div className="mx-auto max-w-lg p-6 pt-[20vh]">
      <Notice
        tone="error"
        title={problem.title}
        action={
          <Button pending={session.isFetching} onClick={() => session.refetch()}>
            Retry
          </Button>
        }
      >
        {problem.advice}
      </Notice>
    </div>
  );
}
