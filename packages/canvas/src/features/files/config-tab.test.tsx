// @vitest-environment jsdom
import { EditorView } from '@codemirror/view';
import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { takeSnapshot } from '../../state/fleet-store.js';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { ConfigTab } from './config-tab.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const writer = buildWorkspace({ id: 'w', name: 'Writer', active_tasks: 1, current_task: 'Draft' });
const stored = '# kept by hand\nname: Writer\nmine: 1\n';
const read = (content: string, etag: string) =>
  json({ path: 'config.yaml', content, size: 1, encoding: 'utf-8', etag });
const route = '/workspaces/w/files/config.yaml';

const open = (answers: Answers = {}) => {
  const rendered = renderPart(<ConfigTab agent={writer} />, {
    [`GET ${route}`]: () => read(stored, 'one'),
    ...answers,
  });
  act(() => takeSnapshot(rendered.services.fleet, [writer], [], 1_000));
  return rendered;
};
/** As typing does: a change of the editor's document. */
const rewrite = async (from: string, to: string) => {
  const view = EditorView.findFromDOM(await screen.findByRole('textbox', { name: 'config.yaml' }));
  const at = view?.state.doc.toString().indexOf(from) ?? -1;
  act(() => view?.dispatch({ changes: { from: at, to: at + from.length, insert: to } }));
};
const review = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Review and save' });

it('shows what would be saved, and saves the text with its comments and unknown keys', async () => {
  const bodies: unknown[] = [];
  open({
    [`PUT ${route}`]: ({ body }) => {
      bodies.push(body);
      return json({ status: 'saved', path: 'config.yaml', etag: 'two' });
    },
  });
  await rewrite('name: Writer', 'name: Author');
  fireEvent.click(review());
  const diff = await screen.findByRole('region', { name: 'Changes to be saved' });
  expect(diff.textContent).toContain('Removed: name: Writer');
  expect(diff.textContent).toContain('Added: name: Author');
  fireEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(bodies).toEqual([{ content: stored.replace('Writer', 'Author'), encoding: 'utf-8' }]));
  await waitFor(() => expect(review().disabled).toBe(true));
});

it('names the work a restart would break off before it saves and restarts', async () => {
  const { server } = open({
    [`PUT ${route}`]: () => json({ status: 'saved', path: 'config.yaml', etag: 'two' }),
    'POST /workspaces/w/restart': () =>
      json({ status: 'provisioning', config_dir: 'existing-volume', template_applied: false, reset_session: false }),
  });
  await rewrite('mine: 1', 'mine: 2');
  fireEvent.click(review());
  const dialog = await screen.findByRole('dialog');
  expect(dialog.textContent).toContain('At work: 1 task');
  fireEvent.click(within(dialog).getByRole('button', { name: 'Save and restart' }));
  await waitFor(() => expect(server.requests).toContain('POST /workspaces/w/restart'));
  expect(server.requests.indexOf(`PUT ${route}`)).toBeLessThan(server.requests.indexOf('POST /workspaces/w/restart'));
});

it('says where a text cannot be read as it is typed, and does not save it', async () => {
  open();
  await rewrite('mine: 1', 'mine: [1');
  expect((await screen.findByText(/^Line \d+: /)).textContent).not.toBe('');
  expect(review().disabled).toBe(true);
});

it('a file that was changed meanwhile is not written over: both versions are shown', async () => {
  let version = { content: stored, etag: 'one' };
  const bodies: unknown[] = [];
  open({
    [`GET ${route}`]: () => read(version.content, version.etag),
    [`PUT ${route}`]: ({ body }) => {
      if (version.etag === 'one') {
        version = { content: stored.replace('mine: 1', 'mine: theirs'), etag: 'two' };
        return refusal(412, 'file_changed', 'file changed since it was read');
      }
      bodies.push(body);
      return json({ status: 'saved', path: 'config.yaml', etag: 'three' });
    },
  });
  await rewrite('mine: 1', 'mine: ours');
  fireEvent.click(review());
  fireEvent.click(await screen.findByRole('button', { name: 'Save' }));
  const diff = await screen.findByRole('region', { name: 'Differences between the two versions' });
  expect(diff.textContent).toContain('Removed: mine: theirs');
  expect(diff.textContent).toContain('Added: mine: ours');
  expect(bodies).toEqual([]);
  fireEvent.click(screen.getByRole('button', { name: 'Keep mine' }));
  await waitFor(() =>
    expect(bodies).toEqual([{ content: stored.replace('mine: 1', 'mine: ours'), encoding: 'utf-8' }]),
  );
});

it('taking the other version leaves nothing unsaved', async () => {
  let version = { content: stored, etag: 'one' };
  const { services } = open({
    [`GET ${route}`]: () => read(version.content, version.etag),
    [`PUT ${route}`]: () => {
      version = { content: 'name: Theirs\n', etag: 'two' };
      return refusal(412, 'file_changed', 'file changed since it was read');
    },
  });
  await rewrite('mine: 1', 'mine: ours');
  fireEvent.click(review());
  fireEvent.click(await screen.findByRole('button', { name: 'Save' }));
  fireEvent.click(await screen.findByRole('button', { name: 'Take theirs' }));
  const editor = await screen.findByRole('textbox', { name: 'config.yaml' });
  expect(EditorView.findFromDOM(editor)?.state.doc.toString()).toBe('name: Theirs\n');
  expect(services.files.getState().size).toBe(0);
});

it('an unsaved text is there again when the tab is opened again', async () => {
  const { services } = open();
  await rewrite('mine: 1', 'mine: 2');
  expect(services.files.getState().get('w/config.yaml')?.text).toBe(stored.replace('mine: 1', 'mine: 2'));
});
