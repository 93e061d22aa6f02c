// @vitest-environment jsdom
import type { Workspace } from '@molecule/contract';
import { act, cleanup, screen } from '@testing-library/react';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { useAgent } from '../../app/services-context.js';
import { buildWorkspace } from '../../model/builders.js';
import { takeSnapshot } from '../../state/fleet-store.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { PendingNotice } from './pending-notice.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

function Part() {
  const agent = useAgent('writer');
  return agent ? <PendingNotice agent={agent} /> : null;
}

const show = (change: Partial<Workspace>) => {
  const { services } = renderPart(<Part />, {});
  act(() => takeSnapshot(services.fleet, [buildWorkspace({ id: 'writer', ...change })], [], 1_000));
};
const restart = () => screen.queryByRole('button', { name: 'Restart' });

it('a change that is not in force yet is told, with the restart that brings it', () => {
  show({ needs_restart: true });
  expect(screen.getByText('Changes wait for a restart')).toBeDefined();
  expect(restart()).not.toBeNull();
});

it('an agent that hibernates takes the change over by itself or by its own button, and is offered no restart', () => {
  show({ needs_restart: true, status: 'hibernated' });
  expect(screen.getByText('Changes wait for a restart')).toBeDefined();
  expect(restart()).toBeNull();
});

it('nothing is shown of an agent that runs on what is stored', () => {
  show({});
  expect(screen.queryByRole('status')).toBeNull();
});
