import type { EventFrame } from '@molecule/contract';
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

export interface RenderedPart {
  readonly services: Services;
  readonly server: FakeServer;
  /** Says to everybody who listens to the feed that this happened. */
  readonly say: (frame: { event: string; workspace_id: string; payload: unknown }) => void;
}

/** Renders part of the app over a played server, at an address. */
export function renderPart(part: ReactNode, answers: Answers, path = '/'): RenderedPart {
  const server = createFakeServer(answers);
  const created = createServices({ client: server.client });
  const listeners = new Set<Parameters<Services['feed']['subscribe']>[0]>();
  const subscribe: Services['feed']['subscribe'] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const services: Services = { ...created, feed: { ...created.feed, subscribe } };
  render(
    <ServicesProvider services={services}>
      <QueryClientProvider client={services.queries}>
        <Tooltip.Provider>
          <MemoryRouter initialEntries={[path]}>{part}</MemoryRouter>
        </Tooltip.Provider>
      </QueryClientProvider>
    </ServicesProvider>,
  );
  const say: RenderedPart['say'] = (frame) => {
    // Only what listeners look at; the rest of a frame is not needed to play the server.
    for (const listener of listeners) listener([frame as unknown as EventFrame]);
  };
  return { services, server, say };
}
