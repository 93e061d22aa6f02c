import { QueryClientProvider } from '@tanstack/react-query';
import { configure, render } from '@testing-library/react';
import { Tooltip } from 'radix-ui';
import type { ReactNode } from 'react';
import { MemoryRouter } from 'react-router';
import { createServices, type Services } from '../app/services.js';
import { ServicesProvider } from '../app/services-context.js';
import { type Answers, createFakeServer, type FakeServer } from './fake-server.js';

// What a busy machine takes for a page that is read on demand; a condition that holds is seen at once all the same.
configure({ asyncUtilTimeout: 10_000 });

/** Renders part of the app over a played server, at an address. */
export function renderPart(part: ReactNode, answers: Answers, path = '/'): { services: Services; server: FakeServer } {
  const server = createFakeServer(answers);
  const services = createServices({ client: server.client });
  render(
    <ServicesProvider services={services}>
      <QueryClientProvider client={services.queries}>
        <Tooltip.Provider>
          <MemoryRouter initialEntries={[path]}>{part}</MemoryRouter>
        </Tooltip.Provider>
      </QueryClientProvider>
    </ServicesProvider>,
  );
  return { services, server };
}
