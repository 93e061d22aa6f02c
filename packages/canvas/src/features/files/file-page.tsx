import type { FileContent, FileRoot, Workspace } from '@molecule/contract';
import { ArrowLeft, Download, FileX2, Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useFileDrafts } from '../../app/services-context.js';
import { bytesOf, formatBytes, isBinary, languageOf } from '../../model/file-text.js';
import { draftKey } from '../../state/file-drafts.js';
import { Button, IconButton } from '../../ui/button.js';
import { CodeEditor } from '../../ui/code-editor.js';
import { Notice } from '../../ui/notice.js';
import { Loading, Placeholder } from '../../ui/placeholder.js';
import { ReadFailure } from '../../ui/read-failure.js';
import { ConflictView } from './conflict-view.js';
import { DeleteDialog } from './delete-dialog.js';
import { nameOf, useFile, WRITABLE } from './queries.js';
import { useEditedFile } from './use-edited-file.js';

interface FilePageProps {
  agent: Workspace;
  root: FileRoot;
  path: string;
  onClose: () => void;
}

/** One file: edited where it can be, shown where it cannot, described where it is no text. */
export function FilePage({ agent, root, path, onClose }: FilePageProps) {
  const file = useFile(agent.id, root, path);
  const [deleting, setDeleting] = useState(false);
  const writable = root === WRITABLE;
  const begun = useFileDrafts((drafts) => writable && drafts.has(draftKey(agent.id, path)));
  const content = file.data ?? null;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex items-center gap-1 border-b border-line py-1.5 pr-3 pl-2">
        <IconButton icon={ArrowLeft} label="All files" onClick={onClose} />
        <h3 className="min-w-0 flex-1 truncate font-mono text-sm" title={`${root}/${path}`}>
          {path}
        </h3>
        {content && <span className="px-1 text-xs text-ink-faint tabular-nums">{formatBytes(content.size)}</span>}
        {content && <IconButton icon={Download} label="Download" onClick={() => download(path, content)} />}
        {content && writable && <IconButton icon={Trash2} label="Delete" onClick={() => setDeleting(true)} />}
      </div>
      <div className="min-h-0 flex-1">
        {file.isPending ? (
          <Loading label="Loading the file" />
        ) : file.isError ? (
          <div className="p-4">
            <ReadFailure error={file.error} onRetry={() => file.refetch()} />
          </div>
        ) : content === null && !begun ? (
          <Placeholder icon={FileX2} title="There is no such file">
            <p>It was deleted or renamed meanwhile, or the address is wrong.</p>
            <Button className="mt-4" onClick={onClose}>
              All files
            </Button>
          </Placeholder>
        ) : content !== null && isBinary(content) ? (
          <Placeholder icon={FileX2} title="This file is no text">
            <p>It has {formatBytes(content.size)} and can be downloaded.</p>
            <Button className="mt-4" icon={Download} onClick={() => download(path, content)}>
              Download
            </Button>
          </Placeholder>
        ) : writable ? (
          <Editor agent={agent} path={path} file={content} />
        ) : (
          <CodeEditor readOnly label={path} language={languageOf(path)} value={content?.content ?? ''} />
        )}
      </div>
      {deleting && content && (
        <DeleteDialog
          agent={agent}
          doomed={{ path, folder: false, etag: content.etag }}
          onClose={() => setDeleting(false)}
          onDeleted={onClose}
        />
      )}
    </div>
  );
}

function Editor({ agent, path, file }: { agent: Workspace; path: string; file: FileContent | null }) {
  const edited = useEditedFile(agent.id, path, file);
  if (edited.conflict) return <ConflictView file={edited} conflict={edited.conflict} />;
  return (
    <EditorFrame
      editor={
        <CodeEditor
          label={path}
          language={languageOf(path)}
          value={edited.text}
          onChange={edited.edit}
          onSave={() => edited.save()}
        />
      }
    >
      {edited.problem && (
        <Notice tone="error" title={edited.problem.title} className="mb-2">
          {edited.problem.advice}
        </Notice>
      )}
      <div className="flex items-center gap-2">
        <p className="min-w-0 flex-1 text-xs text-ink-faint">
          {edited.isNew
            ? 'Not saved yet.'
            : edited.changed
              ? 'Unsaved changes. They stay while this page is open.'
              : 'The agent reads it when it starts or needs it.'}
        </p>
        {edited.changed && (
          <Button look="quiet" disabled={edited.saving} onClick={edited.discard}>
            Discard
          </Button>
        )}
        <Button look="primary" pending={edited.saving} disabled={!edited.changed} onClick={() => edited.save()}>
          Save
        </Button>
      </div>
    </EditorFrame>
  );
}

/** An editor over what can be done with its text. */
export function EditorFrame({ editor, children }: { editor: ReactNode; children: ReactNode }) {
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="min-h-0 flex-1">{editor}</div>
      <div className="border-t border-line px-4 py-2.5">{children}</div>
    </div>
  );
}

function download(path: string, file: FileContent): void {
  const url = URL.createObjectURL(new Blob([bytesOf(file)]));
  const link = document.createElement('a');
  link.href = url;
  link.download = nameOf(path);
  link.click();
  URL.revokeObjectURL(url);
}
