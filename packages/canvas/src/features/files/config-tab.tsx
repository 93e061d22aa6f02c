import type { FileContent, Workspace } from '@molecule/contract';
import { CircleCheck, FileCog, TriangleAlert } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { useServices } from '../../app/services-context.js';
import { faultsInYaml } from '../../model/yaml-check.js';
import { draftKey, putDraft } from '../../state/file-drafts.js';
import { Button } from '../../ui/button.js';
import { CodeEditor } from '../../ui/code-editor.js';
import { Notice } from '../../ui/notice.js';
import { Loading, Placeholder } from '../../ui/placeholder.js';
import { ReadFailure } from '../../ui/read-failure.js';
import { ConflictView } from './conflict-view.js';
import { EditorFrame } from './file-page.js';
import { useFile, WRITABLE } from './queries.js';
import { ReviewDialog } from './review-dialog.js';
import { useEditedFile } from './use-edited-file.js';

const PATH = 'config.yaml';

/** The configuration of an agent as the text it is: comments and what this page does not know survive. */
export function ConfigTab({ agent }: { agent: Workspace }) {
  const file = useFile(agent.id, WRITABLE, PATH);
  if (file.isPending) return <Loading label="Loading the configuration" />;
  if (file.isError) {
    return (
      <div className="p-4">
        <ReadFailure error={file.error} onRetry={() => file.refetch()} />
      </div>
    );
  }
  return <ConfigEditor agent={agent} file={file.data} />;
}

function ConfigEditor({ agent, file }: { agent: Workspace; file: FileContent | null }) {
  const { files } = useServices();
  const edited = useEditedFile(agent.id, PATH, file);
  const [reviewing, setReviewing] = useState(false);
  const text = useDeferredValue(edited.text);
  const [fault] = useMemo(() => faultsInYaml(text), [text]);
  if (edited.conflict) return <ConflictView file={edited} conflict={edited.conflict} />;
  if (file === null && !edited.changed) {
    return (
      <Placeholder icon={FileCog} title="It has no config.yaml">
        <p>The agent makes one from its template when it starts. One written before that is kept.</p>
        <Button
          className="mt-4"
          onClick={() => putDraft(files, draftKey(agent.id, PATH), { base: null, text: `name: ${agent.name}\n` })}
        >
          Write one
        </Button>
      </Placeholder>
    );
  }
  const ready = edited.changed && fault === undefined;
  return (
    <EditorFrame
      editor={
        <CodeEditor
          label="config.yaml"
          language="yaml"
          value={edited.text}
          onChange={edited.edit}
          onSave={() => ready && setReviewing(true)}
          check={faultsInYaml}
        />
      }
    >
      {edited.problem && !reviewing && (
        <Notice tone="error" title={edited.problem.title} className="mb-2">
          {edited.problem.advice}
        </Notice>
      )}
      <div className="flex items-center gap-2">
        <div role="status" className="min-w-0 flex-1 text-xs">
          {fault ? (
            <p className="flex gap-1.5 text-danger">
              <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
              <span className="min-w-0 break-words">
                Line {fault.line}: {fault.message}
              </span>
            </p>
          ) : (
            <p className="flex gap-1.5 text-ink-faint">
              <CircleCheck aria-hidden className="mt-0.5 size-3.5 shrink-0 text-ok" />
              {edited.changed ? 'Reads as YAML. Unsaved changes.' : 'Reads as YAML.'}
            </p>
          )}
        </div>
        {edited.changed && (
          <Button look="quiet" disabled={edited.saving} onClick={edited.discard}>
            Discard
          </Button>
        )}
        <Button look="primary" disabled={!ready} pending={edited.saving} onClick={() => setReviewing(true)}>
          Review and save
        </Button>
      </div>
      {reviewing && <ReviewDialog agent={agent} file={edited} onClose={() => setReviewing(false)} />}
    </EditorFrame>
  );
}
