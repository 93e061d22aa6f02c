import { ApiError } from '@molecule/contract/client';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { useFleet, useServices } from '../../app/services-context.js';
import { Logo } from '../../app/toolbar.js';
import { problemOf } from '../../model/problem.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { Loading } from '../../ui/placeholder.js';
import { LoginPage } from './login-page.js';

/** Asks who is there before anything else; shows how to log in when nobody is, or when the session has ended. */
export function AuthGate({ children }: { children: ReactNode }) {
  const { client } = useServices();
  // A browser does not say why a socket was refused. When it stays away, ask whether the session still stands.
  const refused = useFleet((state) => state.link.attempt >= 2);
  const session = useQuery({
    queryKey: ['session'],
    queryFn: async ({ signal }) => (await client.call('getSession', {}, { signal })).body.principal,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { refetch } = session;
  useEffect(() => {
    if (refused) void refetch();
  }, [refused, refetch]);

  if (session.error instanceof ApiError && session.error.status === 401) return <LoginPage />;
  // A server that is away for a moment takes nothing off the screen.
  if (session.data) return children;
  if (session.isPending) return <Loading label="Loading Molecule" className="h-full" />;
  const problem = problemOf(session.error);
  return (
    <div className="mx-auto flex max-w-lg flex-col items-center gap-6 p-6 pt-[18vh]">
      <Logo />
      <Notice
        className="w-full"
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
