import type { FileRoot, Workspace } from '@molecule/contract';
import { useQueryClient } from '@tanstack/react-query';
import { FilePlus2, PencilLine, RotateCcw } from 'lucide-react';
import { useState } from 'react';
import { useFileDrafts } from '../../app/services-context.js';
import { Button, IconButton } from '../../ui/button.js';
import { SelectField } from '../../ui/field.js';
import { DeleteDialog, type Doomed } from './delete-dialog.js';
import { FolderEntries } from './folder-entries.js';
import { NewFileDialog } from './new-file-dialog.js';
import { filesKey, isRoot, roots, WRITABLE } from './queries.js';
import { UploadButton } from './upload-button.js';

export interface TreeActions {
  readonly unfolded: ReadonlySet<string>;
  readonly onUnfold: (key: string, open: boolean) => void;
  readonly onOpen: (path: string) => void;
}

interface FileTreeProps extends TreeActions {
  agent: Workspace;
  root: FileRoot;
  onRoot: (root: FileRoot) => void;
}

export function FileTree({ agent, root, onRoot, ...actions }: FileTreeProps) {
  const queries = useQueryClient();
  const [naming, setNaming] = useState(false);
  const [doomed, setDoomed] = useState<Doomed | null>(null);
  const writable = root === WRITABLE;
  return (
    <div className="flex h-full flex-col">
      <div className="flex items-center gap-1.5 border-b border-line px-4 py-2">
        <div className="w-40">
          <SelectField
            bare
            label="Folder"
            value={root}
            onChange={(event) => isRoot(event.target.value) && onRoot(event.target.value)}
          >
            {roots.map(({ id, label }) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </SelectField>
        </div>
        <span className="flex-1" />
        {writable && (
          <>
            <Button size="small" icon={FilePlus2} onClick={() => setNaming(true)}>
              New file
            </Button>
            <UploadButton agentId={agent.id} folder={null} />
          </>
        )}
        <IconButton
          icon={RotateCcw}
          label="Read again"
          onClick={() => queries.invalidateQueries({ queryKey: filesKey(agent.id) })}
        />
      </div>
      <div className="relative min-h-0 flex-1 overflow-y-auto px-2 py-2">
        {writable && <Unsaved agentId={agent.id} onOpen={actions.onOpen} />}
        {!writable && (
          <p className="px-2 pb-2 text-xs text-ink-faint">
            The agent works here. Its files can be read and downloaded, but not changed from outside.
          </p>
        )}
        <FolderEntries
          agentId={agent.id}
          root={root}
          path={null}
          actions={actions}
          onDelete={writable ? setDoomed : null}
        />
      </div>
      {naming && <NewFileDialog agentId={agent.id} onOpen={actions.onOpen} onClose={() => setNaming(false)} />}
      {doomed !== null && (
        <DeleteDialog agent={agent} doomed={doomed} onClose={() => setDoomed(null)} onDeleted={() => setDoomed(null)} />
      )}
    </div>
  );
}

/** Changed texts that wait for being saved, so that none is forgotten behind a closed tab. */
function Unsaved({ agentId, onOpen }: { agentId: string; onOpen: (path: string) => void }) {
  const drafts = useFileDrafts((state) => state);
  const prefix = `${agentId}/`;
  const paths = [...drafts.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  if (paths.length === 0) return null;
  return (
    <section aria-label="Unsaved changes" className="mb-2 rounded-lg bg-warn-soft px-2 py-1.5">
      <h3 className="px-1 text-xs font-medium text-warn">Unsaved changes</h3>
      <ul>
        {paths.toSorted().map((path) => (
          <li key={path}>
            <button
              type="button"
              onClick={() => onOpen(path)}
              className="flex w-full items-center gap-2 rounded-md px-1 py-1 text-left text-sm hover:bg-hover"
            >
              <PencilLine aria-hidden className="size-3.5 shrink-0 text-warn" />
              <span className="min-w-0 truncate">{path}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
