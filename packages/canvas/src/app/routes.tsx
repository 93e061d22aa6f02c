import { lazy, Suspense } from 'react';
import { Navigate, Outlet, Route, Routes, useParams } from 'react-router';
import { Loading } from '../ui/placeholder.js';
import { Shell } from './shell.js';
import { isTab } from './use-navigation.js';

const AgentsPage = lazy(() =>
  import('../features/agents/agents-page.js').then((module) => ({ default: module.AgentsPage })),
);

const DelegationsPage = lazy(() =>
  import('../features/delegations/delegations-page.js').then((module) => ({ default: module.DelegationsPage })),
);

/**
 * `/` canvas · `/w/:id/:tab` canvas with one agent open · `/settings` canvas with the settings drawer · `/agents` the
 * same organisation as a table · `/delegations` what agents do for each other. The canvas stays mounted between the first three, so that nothing jumps.
 */
export function AppRoutes() {
  return (
    <Routes>
      <Route element={<Shell />}>
        <Route index element={null} />
        <Route path="w/:id" element={<ToChat />} />
        <Route path="w/:id/:tab" element={<CheckedTab />} />
        <Route path="settings" element={null} />
        <Route
          path="agents"
          element={
            <Suspense fallback={<Loading label="Loading the list" />}>
              <AgentsPage />
            </Suspense>
          }
        />
        <Route
          path="delegations"
          element={
            <Suspense fallback={<Loading label="Loading the delegations" />}>
              <DelegationsPage />
            </Suspense>
          }
        />
        <Route path="*" element={<Navigate to="/" replace />} />
      </Route>
    </Routes>
  );
}

function ToChat() {
  const { id } = useParams();
  return <Navigate to={`/w/${id}/chat`} replace />;
}

function CheckedTab() {
  const { id, tab } = useParams();
  return isTab(tab) ? <Outlet /> : <Navigate to={`/w/${id}/chat`} replace />;
}
