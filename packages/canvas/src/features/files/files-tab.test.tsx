// @vitest-environment jsdom
import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { useLocation } from 'react-router';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { putDraft } from '../../state/file-drafts.js';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { fillJsdomGaps } from '../../testing/jsdom-gaps.js';
import { renderPart } from '../../testing/render-app.js';
import { FilesTab } from './files-tab.js';

beforeAll(fillJsdomGaps);
afterEach(cleanup);

const writer = buildWorkspace({ id: 'w', name: 'Writer' });
const listing = [
  { path: 'config.yaml', size: 120, dir: false },
  { path: 'prompts', size: 0, dir: true },
  { path: 'logo.png', size: 2048, dir: false },
];

function Address() {
  const { search } = useLocation();
  return <output aria-label="address">{search}</output>;
}

const open = (answers: Answers = {}, search = '') =>
  renderPart(
    <>
      <FilesTab agent={writer} />
      <Address />
    </>,
    {
      'GET /workspaces/w/files': ({ url }) =>
        json(url.searchParams.get('path') === 'prompts' ? [{ path: 'style.md', size: 9, dir: false }] : listing),
      ...answers,
    },
    `/w/w/files${search}`,
  );
const choose = (input: HTMLElement, ...files: File[]) => fireEvent.change(input, { target: { files } });

it('folders come first and are read when they are unfolded', async () => {
  const { server } = open();
  const folder = await screen.findByRole('button', { name: 'prompts' });
  expect(screen.getAllByRole('listitem')[0]?.contains(folder)).toBe(true);
  expect(server.requests).toHaveLength(1);
  fireEvent.click(folder);
  expect(await screen.findByRole('button', { name: /^style\.md/ })).toBeTruthy();
  expect(folder.getAttribute('aria-expanded')).toBe('true');
});

it('an open file has an address, and one that is no text is described', async () => {
  open({
    'GET /workspaces/w/files/logo.png': () =>
      json({ path: 'logo.png', content: 'iVBORw==', size: 4, encoding: 'base64', etag: 'e' }),
  });
  fireEvent.click(await screen.findByRole('button', { name: /^logo\.png/ }));
  expect(await screen.findByText('This file is no text')).toBeTruthy();
  expect(screen.getByRole('status', { name: 'address' }).textContent).toBe('?root=%2Fconfigs&file=logo.png');
  expect(screen.queryByRole('textbox')).toBeNull();
  fireEvent.click(screen.getByRole('button', { name: 'All files' }));
  expect(await screen.findByRole('button', { name: 'prompts' })).toBeTruthy();
});

it('only the configuration can be changed', async () => {
  open({}, '?root=/workspace');
  await screen.findByRole('button', { name: 'prompts' });
  expect(screen.queryByRole('button', { name: /Delete|Upload|New file/ })).toBeNull();
});

it('a listing that fails is not an empty folder', async () => {
  open({ 'GET /workspaces/w/files': () => refusal(503, 'files_unavailable', 'the files cannot be reached') });
  expect((await screen.findByRole('alert')).textContent).toContain('The files cannot be reached');
  expect(screen.queryByText('Empty')).toBeNull();
});

it('deletes after a question', async () => {
  const { server } = open({
    'DELETE /workspaces/w/files/prompts': () => json({ status: 'deleted', path: 'prompts' }),
  });
  fireEvent.click(await screen.findByRole('button', { name: 'Delete prompts' }));
  const dialog = screen.getByRole('alertdialog', { name: 'Delete prompts?' });
  expect(dialog.textContent).toContain('with everything in it');
  expect(server.requests.some((request) => request.startsWith('DELETE'))).toBe(false);
  fireEvent.click(within(dialog).getByRole('button', { name: 'Delete folder' }));
  await waitFor(() => expect(server.requests).toContain('DELETE /workspaces/w/files/prompts'));
});

it('an upload does not replace what is there before the person has agreed', async () => {
  const written: unknown[] = [];
  let guarded = true;
  open({
    'PUT /workspaces/w/files/a.md': ({ body }) => {
      if (guarded) {
        guarded = false;
        return refusal(412, 'file_changed', 'file changed since it was read');
      }
      written.push(body);
      return json({ status: 'saved', path: 'a.md', etag: 'e' });
    },
  });
  choose(await screen.findByLabelText('Files to upload'), new File(['new'], 'a.md'));
  const dialog = await screen.findByRole('alertdialog', { name: 'Replace a.md?' });
  expect(written).toEqual([]);
  fireEvent.click(within(dialog).getByRole('button', { name: 'Replace file' }));
  await waitFor(() => expect(written).toEqual([{ content: 'new', encoding: 'utf-8' }]));
});

it('unsaved texts are listed, also those of files that do not exist yet', async () => {
  const { services } = open();
  await screen.findByRole('button', { name: 'prompts' });
  act(() => putDraft(services.files, 'w/notes.md', { base: null, text: 'x' }));
  const unsaved = screen.getByRole('region', { name: 'Unsaved changes' });
  expect(within(unsaved).getByRole('button', { name: 'notes.md' })).toBeTruthy();
});
