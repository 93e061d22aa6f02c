import type { FileEntry, FileRoot } from '@molecule/contract';
import { ChevronRight, CornerDownRight, FileText, Folder, FolderOpen, Trash2 } from 'lucide-react';
import { useFileDrafts } from '../../app/services-context.js';
import { formatBytes } from '../../model/file-text.js';
import { problemOf } from '../../model/problem.js';
import { draftKey } from '../../state/file-drafts.js';
import { Button, IconButton } from '../../ui/button.js';
import { classes } from '../../ui/classes.js';
import { Notice } from '../../ui/notice.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import type { Doomed } from './delete-dialog.js';
import type { TreeActions } from './file-tree.js';
import { joinPath, nameOf, useFolder } from './queries.js';
import { UploadButton } from './upload-button.js';

interface FolderEntriesProps {
  agentId: string;
  root: FileRoot;
  /** Null for the root itself. */
  path: string | null;
  actions: TreeActions;
  /** Null where nothing can be changed. */
  onDelete: ((doomed: Doomed) => void) | null;
}

/** What is in one folder; read when it is unfolded. */
export function FolderEntries(props: FolderEntriesProps) {
  const { agentId, root, path } = props;
  const folder = useFolder(agentId, root, path);
  if (folder.isPending) return <SkeletonRows label="Loading the files" rows={path === null ? 4 : 1} />;
  if (folder.isError) {
    const problem = problemOf(folder.error);
    return (
      <Notice
        tone="error"
        title={problem.title}
        action={
          <Button size="small" onClick={() => folder.refetch()}>
            Retry
          </Button>
        }
      >
        {problem.advice}
      </Notice>
    );
  }
  if (folder.data.length === 0) return <p className="px-2 py-1 text-sm text-ink-faint">Empty</p>;
  return (
    <ul className={path === null ? '' : 'ml-3.5 border-l border-line pl-1.5'}>
      {folder.data.map((entry) => {
        const whole = joinPath(path, entry.path);
        return entry.dir ? (
          <FolderRow key={entry.path} {...props} whole={whole} />
        ) : (
          <FileRow key={entry.path} {...props} entry={entry} whole={whole} />
        );
      })}
    </ul>
  );
}

function FolderRow({ whole, ...props }: FolderEntriesProps & { whole: string }) {
  const { agentId, root, actions, onDelete } = props;
  const key = `${root}/${whole}`;
  const open = actions.unfolded.has(key);
  const Icon = open ? FolderOpen : Folder;
  const name = nameOf(whole);
  return (
    <li>
      <div className="group flex items-center rounded-md hover:bg-hover">
        <button
          type="button"
          aria-expanded={open}
          onClick={() => actions.onUnfold(key, !open)}
          className="flex min-w-0 flex-1 items-center gap-1.5 rounded-md px-1.5 py-1.5 text-left text-sm focus-visible:-outline-offset-2"
        >
          <ChevronRight
            aria-hidden
            className={classes('size-3.5 shrink-0 text-ink-faint transition-transform', open && 'rotate-90')}
          />
          <Icon aria-hidden className="size-4 shrink-0 text-accent" />
          <span className="min-w-0 truncate">{name}</span>
        </button>
        {onDelete !== null && (
          <>
            <UploadButton agentId={agentId} folder={whole} />
            <IconButton
              icon={Trash2}
              label={`Delete ${name}`}
              className="size-7"
              onClick={() => onDelete({ path: whole, folder: true, etag: null })}
            />
          </>
        )}
      </div>
      {open && <FolderEntries {...props} path={whole} />}
    </li>
  );
}

function FileRow({ entry, whole, ...props }: FolderEntriesProps & { entry: FileEntry; whole: string }) {
  const { agentId, actions, onDelete } = props;
  const changed = useFileDrafts((drafts) => onDelete !== null && drafts.has(draftKey(agentId, whole)));
  const name = nameOf(whole);
  if (entry.link) {
    return (
      <li className="flex items-center gap-1.5 px-1.5 py-1.5 pl-6.5 text-sm text-ink-faint">
        <CornerDownRight aria-hidden className="size-4 shrink-0" />
        <span className="min-w-0 truncate">{name}</span>
        <span className="ml-auto text-xs">Link, never followed</span>
      </li>
    );
  }
  return (
    <li className="flex items-center rounded-md hover:bg-hover">
      <button
        type="button"
        onClick={() => actions.onOpen(whole)}
        className="flex min-w-0 flex-1 items-center gap-1.5 rounded-md px-1.5 py-1.5 pl-6.5 text-left text-sm focus-visible:-outline-offset-2"
      >
        <FileText aria-hidden className="size-4 shrink-0 text-ink-faint" />
        <span className="min-w-0 truncate">{name}</span>
        {changed && <span className="text-xs font-medium text-warn">unsaved</span>}
        <span className="ml-auto pl-2 text-xs whitespace-nowrap text-ink-faint tabular-nums">
          {formatBytes(entry.size)}
        </span>
      </button>
      {onDelete !== null && (
        <IconButton
          icon={Trash2}
          label={`Delete ${name}`}
          className="size-7"
          onClick={() => onDelete({ path: whole, folder: false, etag: null })}
        />
      )}
    </li>
  );
}
