import type { FileContent } from '@molecule/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from 'sonner';
import { useFileDrafts, useServices } from '../../app/services-context.js';
import { fromEditor, type LineEnd, lineEndOf, toEditor } from '../../model/file-text.js';
import { type Problem, problemOf } from '../../model/problem.js';
import { draftKey, putDraft } from '../../state/file-drafts.js';
import { fileKey, filesKey, isConflict, readFile, WRITABLE, writeFile } from './queries.js';

/** The file as somebody else left it while it was edited here. */
export interface Conflict {
  /** Null when it was deleted. */
  readonly theirs: { readonly etag: string; readonly text: string } | null;
  readonly mine: string;
}

export interface AfterSave {
  readonly onSaved?: () => void;
  readonly onConflict?: () => void;
}

/** A text file of the configuration folder that is being edited. */
export interface EditedFile {
  readonly path: string;
  /** What is in the editor. */
  readonly text: string;
  /** What was read when the editing began; empty for a new file. */
  readonly before: string;
  readonly changed: boolean;
  readonly isNew: boolean;
  readonly saving: boolean;
  readonly problem: Problem | null;
  readonly conflict: Conflict | null;
  edit(text: string): void;
  /** Writes it unless it is another file by now: then the conflict is there to be settled. */
  save(after?: AfterSave): void;
  discard(): void;
  keepMine(): void;
  takeTheirs(): void;
  goOnEditing(): void;
}

interface Write {
  readonly text: string;
  readonly etag: string | null;
  readonly end: LineEnd;
  readonly after: AfterSave;
}

type Written =
  | { readonly kind: 'saved'; readonly file: FileContent }
  | { readonly kind: 'conflict'; readonly theirs: FileContent | null };

/** The file that was read, null when there is none, and its draft on top. */
export function useEditedFile(agentId: string, path: string, file: FileContent | null): EditedFile {
  const { client, files } = useServices();
  const queries = useQueryClient();
  const key = draftKey(agentId, path);
  const draft = useFileDrafts((drafts) => drafts.get(key));
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const stored = versionOf(file);
  const base = draft ? draft.base : stored;
  const text = draft?.text ?? stored?.text ?? '';
  const end = lineEndOf(file?.content ?? '');

  const write = useMutation({
    mutationFn: async ({ text: next, etag, end: lineEnd }: Write): Promise<Written> => {
      const content = fromEditor(next, lineEnd);
      const body = { content, encoding: 'utf-8' as const };
      try {
        const condition = etag === null ? { when: 'new' as const } : { when: 'same' as const, etag };
        const written = await writeFile(client, agentId, path, body, condition);
        const size = new TextEncoder().encode(content).length;
        return { kind: 'saved', file: { ...body, path, size, etag: written } };
      } catch (error) {
        if (!isConflict(error)) throw error;
        return { kind: 'conflict', theirs: await readFile(client, agentId, WRITABLE, path) };
      }
    },
    onSuccess: async (written, { text: mine, after }) => {
      if (written.kind === 'conflict') {
        queries.setQueryData(fileKey(agentId, WRITABLE, path), written.theirs);
        setConflict({ theirs: versionOf(written.theirs), mine });
        after.onConflict?.();
        return;
      }
      queries.setQueryData(fileKey(agentId, WRITABLE, path), written.file);
      // What was typed while the write was under way is a change of what was written.
      const now = files.getState().get(key)?.text ?? mine;
      putDraft(files, key, { base: { etag: written.file.etag, text: mine }, text: now });
      setConflict(null);
      toast.success(`Saved ${path}`);
      after.onSaved?.();
      await queries.invalidateQueries({ queryKey: [...filesKey(agentId), 'folder'] });
    },
  });

  const save = (etag: string | null, after: AfterSave = {}) => {
    if (!write.isPending) write.mutate({ text, etag, end, after });
  };
  return {
    path,
    text,
    before: base?.text ?? '',
    changed: draft !== undefined,
    isNew: base === null,
    saving: write.isPending,
    problem: write.error ? problemOf(write.error) : null,
    conflict,
    edit: (next) => putDraft(files, key, { base, text: next }),
    save: (after) => save(base?.etag ?? null, after),
    discard: () => {
      write.reset();
      putDraft(files, key, null);
    },
    keepMine: () => save(conflict?.theirs?.etag ?? null),
    takeTheirs: () => {
      putDraft(files, key, null);
      setConflict(null);
    },
    goOnEditing: () => setConflict(null),
  };
}

function versionOf(file: FileContent | null): { etag: string; text: string } | null {
  return file && { etag: file.etag, text: toEditor(file.content) };
}
