import type { Workspace } from '@molecule/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { toast } from 'sonner';
import { useServices } from '../../app/services-context.js';
import { problemOf } from '../../model/problem.js';
import { draftKey, putDraft } from '../../state/file-drafts.js';
import { ConfirmDialog } from '../../ui/confirm-dialog.js';
import { Notice } from '../../ui/notice.js';
import { deleteFile, filesKey } from './queries.js';

export interface Doomed {
  readonly path: string;
  readonly folder: boolean;
  /** Of the version the person has seen; null when they have only seen its name. */
  readonly etag: string | null;
}

interface DeleteDialogProps {
  agent: Workspace;
  doomed: Doomed;
  onClose: () => void;
  onDeleted: () => void;
}

export function DeleteDialog({ agent, doomed, onClose, onDeleted }: DeleteDialogProps) {
  const { client, files } = useServices();
  const queries = useQueryClient();
  const { path, folder, etag } = doomed;
  const remove = useMutation({
    mutationFn: () => deleteFile(client, agent.id, path, etag),
    onSuccess: async () => {
      putDraft(files, draftKey(agent.id, path), null);
      toast.success(`Deleted ${path}`);
      onDeleted();
      await queries.invalidateQueries({ queryKey: [...filesKey(agent.id), 'folder'] });
      // What is shown no more is read anew when somebody asks for it.
      queries.removeQueries({ queryKey: [...filesKey(agent.id), 'file'], type: 'inactive' });
    },
  });
  const problem = remove.error ? problemOf(remove.error) : null;
  return (
    <ConfirmDialog
      open
      title={`Delete ${path}?`}
      confirmLabel={folder ? 'Delete folder' : 'Delete file'}
      pending={remove.isPending}
      onConfirm={() => remove.mutate()}
      onCancel={onClose}
      extra={
        problem && (
          <Notice tone="error" title={problem.title} className="mt-4">
            {problem.advice}
          </Notice>
        )
      }
    >
      <p>
        {folder ? 'It goes with everything in it. ' : ''}
        {agent.name} does without it from its next start. There is no undo.
      </p>
    </ConfirmDialog>
  );
}
