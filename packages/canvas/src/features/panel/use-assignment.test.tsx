// @vitest-environment jsdom
import type { EventFrame } from '@molecule/contract';
import { QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { createServices } from '../../app/services.js';
import { ServicesProvider } from '../../app/services-context.js';
import { createFakeServer, json } from '../../testing/fake-server.js';
import { useAssignment } from './use-assignment.js';

afterEach(cleanup);

function Shown() {
  const assignment = useAssignment('w');
  return <p>{assignment.state === 'assigned' ? `${assignment.model} since ${assignment.since}` : assignment.state}</p>;
}

it('is what the server has on record, read again when an event tells of a change', async () => {
  let agent: unknown = { agent_id: 'a', model: 'small', assigned_at: '2026-03-01T10:00:00.000Z' };
  const server = createFakeServer({ 'GET /workspaces/w/agent': () => json({ agent }) });
  const services = createServices({ client: server.client });
  let hear: (frames: readonly EventFrame[]) => void = () => {};
  const subscribe = (listener: typeof hear) => {
    hear = listener;
    return () => {};
  };
  render(
    <ServicesProvider services={{ ...services, feed: { ...services.feed, subscribe } }}>
      <QueryClientProvider client={services.queries}>
        <Shown />
      </QueryClientProvider>
    </ServicesProvider>,
  );
  expect(screen.getByText('unknown')).toBeTruthy();
  await screen.findByText('small since 2026-03-01T10:00:00.000Z');
  agent = null;
  const tell = (workspace_id: string) =>
    act(() => hear([{ event: 'AGENT_REMOVED', seq: 1, workspace_id, timestamp: '', payload: {} } as never]));
  tell('another');
  expect(server.requests).toHaveLength(1);
  tell('w');
  await screen.findByText('none');
});
