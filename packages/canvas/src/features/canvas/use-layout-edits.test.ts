// @vitest-environment jsdom
import { expect, it, vi } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { createFleetStore, takeSnapshot } from '../../state/fleet-store.js';
import { createSessionStore } from '../../state/session-store.js';
import { type Answers, createFakeServer, json, refusal } from '../../testing/fake-server.js';
import { createLayoutEdits } from './use-layout-edits.js';

const start = (answers: Answers) => {
  const fleet = createFleetStore();
  takeSnapshot(
    fleet,
    [buildWorkspace({ id: 'lead', x: 10, y: 10 }), buildWorkspace({ id: 'leaf', parent_id: 'lead', x: 16, y: 130 })],
    [],
    0,
  );
  const session = createSessionStore({ storage: localStorage, root: document.documentElement });
  const server = createFakeServer(answers);
  const edits = createLayoutEdits({ fleet, session, client: server.client });
  const at = (id: string) => {
    const agent = fleet.getState().fleet.agents.get(id);
    return [agent?.x, agent?.y];
  };
  return { edits, server, at };
};
const save = (id: string) => `PUT /workspaces/${id}/layout`;

it('a move is shown at once, saved, and can be taken back', async () => {
  const bodies: unknown[] = [];
  const { edits, at } = start({
    [save('lead')]: ({ body }) => {
      bodies.push(body);
      return json({ status: 'updated' });
    },
  });
  edits.move(new Map([['lead', { x: 300, y: 40 }]]), 'Moved');
  expect(at('lead')).toEqual([300, 40]);
  edits.undo();
  expect(at('lead')).toEqual([10, 10]);
  await vi.waitFor(() => expect(bodies).toHaveLength(2));
  expect(bodies.at(-1)).toMatchObject({ x: 10, y: 10, collapsed: false });
});

it('a move the server refuses is rolled back', async () => {
  const { edits, at } = start({ [save('lead')]: () => refusal(503, 'platform_unavailable', 'down') });
  edits.move(new Map([['lead', { x: 300, y: 40 }]]), 'Moved');
  await vi.waitFor(() => expect(at('lead')).toEqual([10, 10]));
});

it('a child never leaves the space below the header of its parent', () => {
  const { edits, at } = start({ [save('leaf')]: () => json({ status: 'updated' }) });
  edits.move(new Map([['leaf', { x: -400, y: 2 }]]), 'Moved');
  expect(at('leaf')).toEqual([16, 130]);
});
