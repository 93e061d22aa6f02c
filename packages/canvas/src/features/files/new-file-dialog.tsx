import { useState } from 'react';
import { useServices } from '../../app/services-context.js';
import { draftKey, putDraft } from '../../state/file-drafts.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { TextField } from '../../ui/field.js';

interface NewFileDialogProps {
  agentId: string;
  onOpen: (path: string) => void;
  onClose: () => void;
}

/** Asks for a name only: the file comes into being when it is saved. */
export function NewFileDialog({ agentId, onOpen, onClose }: NewFileDialogProps) {
  const { files } = useServices();
  const [typed, setTyped] = useState('');
  const path = typed.trim();
  const fault = faultIn(path);
  const form = 'new-file';
  return (
    <Dialog
      open
      onClose={onClose}
      width="narrow"
      title="New file"
      description="In the configuration folder of the agent."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={form} look="primary" disabled={path === '' || fault !== null}>
            Open
          </Button>
        </>
      }
    >
      <form
        id={form}
        onSubmit={(event) => {
          event.preventDefault();
          if (path === '' || fault !== null) return;
          const key = draftKey(agentId, path);
          if (!files.getState().has(key)) putDraft(files, key, { base: null, text: '' });
          onClose();
          onOpen(path);
        }}
      >
        <TextField
          data-autofocus
          label="Name"
          placeholder="prompts/style.md"
          className="font-mono"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          error={fault}
          hint="Folders in front of it are made as needed."
        />
      </form>
    </Dialog>
  );
}

function faultIn(path: string): string | null {
  if (path === '') return null;
  return path.startsWith('/') || path.endsWith('/') || path.includes('..') || path.includes('\\')
    ? 'A name below the folder, such as notes.md or prompts/style.md, without “..”.'
    : null;
}
