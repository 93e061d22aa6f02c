import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Upload } from 'lucide-react';
import { useRef, useState } from 'react';
import { toast } from 'sonner';
import { useServices } from '../../app/services-context.js';
import { contentOf, formatBytes } from '../../model/file-text.js';
import { problemOf } from '../../model/problem.js';
import { Button, IconButton } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/confirm-dialog.js';
import { filesKey, isConflict, joinPath, nameOf, UPLOAD_BYTES_MAX, type WriteCondition, writeFile } from './queries.js';

interface UploadButtonProps {
  agentId: string;
  /** Null for the configuration folder itself. */
  folder: string | null;
}

interface Outcome {
  readonly uploaded: readonly string[];
  /** Those whose name is taken; nothing was written over. */
  readonly taken: readonly File[];
  readonly refused: readonly string[];
}

export function UploadButton({ agentId, folder }: UploadButtonProps) {
  const { client } = useServices();
  const queries = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [taken, setTaken] = useState<readonly File[]>([]);

  const upload = useMutation({
    mutationFn: async ({ list, condition }: { list: readonly File[]; condition: WriteCondition }): Promise<Outcome> => {
      const uploaded: string[] = [];
      const refused: string[] = [];
      const again: File[] = [];
      for (const file of list) {
        if (file.size > UPLOAD_BYTES_MAX) {
          refused.push(`${file.name}: larger than ${formatBytes(UPLOAD_BYTES_MAX)}`);
          continue;
        }
        try {
          const content = contentOf(new Uint8Array(await file.arrayBuffer()));
          await writeFile(client, agentId, joinPath(folder, file.name), content, condition);
          uploaded.push(file.name);
        } catch (error) {
          if (isConflict(error)) again.push(file);
          else refused.push(`${file.name}: ${problemOf(error).title}`);
        }
      }
      return { uploaded, taken: again, refused };
    },
    onSuccess: async ({ uploaded, taken: again, refused }) => {
      if (uploaded.length > 0) toast.success(`Uploaded ${listOf(uploaded)}`);
      if (refused.length > 0) toast.error('Not uploaded', { description: refused.join('; '), duration: 15_000 });
      setTaken(again);
      await queries.invalidateQueries({ queryKey: filesKey(agentId) });
    },
  });
  const names = taken.map((file) => file.name);
  const choose = () => input.current?.click();
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={folder === null ? 'Files to upload' : `Files to upload into ${folder}`}
        onChange={(event) => {
          const list = [...(event.target.files ?? [])];
          // The same file may be chosen again later.
          event.target.value = '';
          if (list.length > 0) upload.mutate({ list, condition: { when: 'new' } });
        }}
      />
      {folder === null ? (
        <Button size="small" icon={Upload} pending={upload.isPending} onClick={choose}>
          Upload
        </Button>
      ) : (
        <IconButton
          icon={Upload}
          label={`Upload into ${nameOf(folder)}`}
          className="size-7"
          pending={upload.isPending}
          onClick={choose}
        />
      )}
      <ConfirmDialog
        open={taken.length > 0}
        title={`Replace ${listOf(names)}?`}
        confirmLabel={names.length === 1 ? 'Replace file' : `Replace ${names.length} files`}
        pending={upload.isPending}
        onConfirm={() => upload.mutate({ list: taken, condition: { when: 'any' } })}
        onCancel={() => setTaken([])}
      >
        <p>The folder has {names.length === 1 ? 'a file' : 'files'} of that name. What is in there is lost.</p>
      </ConfirmDialog>
    </>
  );
}

function listOf(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}
