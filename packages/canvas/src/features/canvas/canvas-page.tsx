import { lazy, Suspense } from 'react';
import { useFleet, useServices } from '../../app/services-context.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { Loading } from '../../ui/placeholder.js';
import { EmptyState } from '../import/empty-state.js';
import type { CanvasCommands } from './canvas-view.js';

// The map library is a third of the app; the login page and the list do not need it.
const CanvasView = lazy(() => import('./canvas-view.js').then((module) => ({ default: module.CanvasView })));

interface CanvasPageProps {
  selectedId: string | null;
  onSelect: (id: string | null) => void;
  onReady: (commands: CanvasCommands | null) => void;
}

/** The map, or what stands in its place while there is none. */
export function CanvasPage(props: CanvasPageProps) {
  const { feed } = useServices();
  const snapshot = useFleet((state) => state.snapshot);
  const isEmpty = useFleet((state) => state.fleet.agents.size === 0);
  const offline = useFleet((state) => state.link.attempt > 1 && state.link.liveAtMs === null);

  if (snapshot.state === 'failed' || (snapshot.state === 'loading' && offline)) {
    return (
      <div className="mx-auto max-w-lg p-6 pt-[16vh]">
        <Notice
          tone="error"
          title={snapshot.state === 'failed' ? snapshot.problem.title : 'The server cannot be reached'}
          action={<Button onClick={() => feed.retryNow()}>Retry now</Button>}
        >
          {snapshot.state === 'failed'
            ? snapshot.problem.advice
            : 'Check that it is running ("npm start"). This page goes on trying by itself.'}
        </Notice>
      </div>
    );
  }
  if (snapshot.state === 'loading') return <Loading label="Loading the organisation" className="h-full" />;
  if (isEmpty) return <EmptyState />;
  return (
    <Suspense fallback={<Loading label="Loading the map" className="h-full" />}>
      <CanvasView {...props} />
    </Suspense>
  );
}
