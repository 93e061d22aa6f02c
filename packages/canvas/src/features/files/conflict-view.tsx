import { useState } from 'react';
import { languageOf } from '../../model/file-text.js';
import { Button } from '../../ui/button.js';
import { CodeEditor } from '../../ui/code-editor.js';
import { DiffView } from '../../ui/diff-view.js';
import { Notice } from '../../ui/notice.js';
import { Segments } from '../../ui/segments.js';
import type { Conflict, EditedFile } from './use-edited-file.js';

type Version = 'both' | 'theirs' | 'mine';

const versions = [
  { id: 'both', label: 'Differences' },
  { id: 'theirs', label: 'On the server' },
  { id: 'mine', label: 'Mine' },
] as const satisfies readonly { id: Version; label: string }[];

/** Two people, or a person and the agent, have changed the same file: nobody's work is dropped without being looked at. */
export function ConflictView({ file, conflict }: { file: EditedFile; conflict: Conflict }) {
  const [version, setVersion] = useState<Version>('both');
  const { theirs, mine } = conflict;
  return (
    <div className="flex h-full min-h-0 flex-col gap-3 overflow-y-auto p-4">
      <Notice
        tone="warning"
        title={
          theirs === null
            ? `${file.path} was deleted while you edited it`
            : `${file.path} was changed while you edited it`
        }
      >
        Nothing is saved yet. Choose which version stays.
      </Notice>
      {theirs !== null && <Segments label="Version" options={versions} value={version} onChange={setVersion} />}
      <div className="min-h-40 flex-1">
        {theirs === null || version === 'mine' ? (
          <ReadOnly label={`My version of ${file.path}`} path={file.path} text={mine} />
        ) : version === 'theirs' ? (
          <ReadOnly label={`${file.path} on the server`} path={file.path} text={theirs.text} />
        ) : (
          <>
            <p className="mb-1.5 text-xs text-ink-faint">− as it is on the server, + as you have it</p>
            <DiffView before={theirs.text} after={mine} label="Differences between the two versions" />
          </>
        )}
      </div>
      {file.problem && (
        <Notice tone="error" title={file.problem.title}>
          {file.problem.advice}
        </Notice>
      )}
      <div className="flex flex-wrap gap-2">
        <Button look="primary" pending={file.saving} onClick={file.keepMine}>
          {theirs === null ? 'Save mine' : 'Keep mine'}
        </Button>
        <Button disabled={file.saving} onClick={file.takeTheirs}>
          {theirs === null ? 'Let it go' : 'Take theirs'}
        </Button>
        <Button look="quiet" disabled={file.saving} onClick={file.goOnEditing}>
          Go on editing
        </Button>
      </div>
    </div>
  );
}

function ReadOnly({ label, path, text }: { label: string; path: string; text: string }) {
  return (
    <div className="h-72 overflow-hidden rounded-xl border border-line">
      <CodeEditor readOnly label={label} language={languageOf(path)} value={text} />
    </div>
  );
}
