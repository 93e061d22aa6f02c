import { expect, it } from 'vitest';
import { createFileDrafts, draftKey, putDraft } from './file-drafts.js';

const base = { etag: 'e', text: 'old' };

it('a text that is again the one it began from is no draft', () => {
  const store = createFileDrafts();
  putDraft(store, draftKey('a', 'x.md'), { base, text: 'new' });
  expect([...store.getState().keys()]).toEqual(['a/x.md']);
  putDraft(store, draftKey('a', 'x.md'), { base, text: 'old' });
  expect(store.getState().size).toBe(0);
});

it('an empty new file is a draft until it is saved or discarded', () => {
  const store = createFileDrafts();
  putDraft(store, 'k', { base: null, text: '' });
  expect(store.getState().get('k')).toEqual({ base: null, text: '' });
  putDraft(store, 'k', null);
  expect(store.getState().size).toBe(0);
});
