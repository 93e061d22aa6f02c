import { QueryClientProvider } from '@tanstack/react-query';
import { Tooltip } from 'radix-ui';
import type { CSSProperties } from 'react';
import { BrowserRouter } from 'react-router';
import { Toaster } from 'sonner';
import { AuthGate } from '../features/auth/auth-gate.js';
import { ErrorBoundary } from './error-boundary.js';
import { AppRoutes } from './routes.js';
import type { Services } from './services.js';
import { ServicesProvider, useSession } from './services-context.js';

export function App({ services }: { services: Services }) {
  return (
    <ErrorBoundary part="The app">
      <ServicesProvider services={services}>
        <QueryClientProvider client={services.queries}>
          <Tooltip.Provider delayDuration={350} skipDelayDuration={150}>
            <BrowserRouter basename="/app">
              <AuthGate>
                <AppRoutes />
              </AuthGate>
            </BrowserRouter>
            <Toasts />
          </Tooltip.Provider>
        </QueryClientProvider>
      </ServicesProvider>
    </ErrorBoundary>
  );
}

function Toasts() {
  const theme = useSession((state) => state.theme);
  return (
    <Toaster
      theme={theme}
      // Opposite the panel and the drawer, above the buttons of the map.
      position="bottom-left"
      offset={{ bottom: 72, left: 16 }}
      closeButton
      toastOptions={{
        style: {
          // Inside the corner: beside it, it would be a button in the air.
          '--toast-close-button-start': 'unset',
          '--toast-close-button-end': '6px',
          '--toast-close-button-transform': 'translate(0, 6px)',

          background: 'var(--raised)',
          color: 'var(--ink)',
          border: '1px solid var(--line)',
          fontFamily: 'var(--font-sans)',
          fontSize: '0.875rem',
          paddingRight: '36px',
        } as CSSProperties,
      }}
    />
  );
}
