import type { Workspace } from '@molecule/contract';
import { toast } from 'sonner';
import { useFleet } from '../../app/services-context.js';
import { blastRadiusOf } from '../../model/blast-radius.js';
import { verbsFor } from '../../model/lifecycle-verbs.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { DiffView } from '../../ui/diff-view.js';
import { Notice } from '../../ui/notice.js';
import { BlastView } from '../lifecycle/blast-view.js';
import { verbProblemOf } from '../lifecycle/run-verb.js';
import { useRunVerb } from '../lifecycle/use-verbs.js';
import { wordsFor } from '../lifecycle/verb-words.js';
import type { EditedFile } from './use-edited-file.js';

interface ReviewDialogProps {
  agent: Workspace;
  file: EditedFile;
  onClose: () => void;
}

/** What would be saved, line by line, and what a restart would reach; then the choice between the two. */
export function ReviewDialog({ agent, file, onClose }: ReviewDialogProps) {
  const fleet = useFleet((state) => state.fleet);
  const restart = useRunVerb({
    onRefused: (error) => {
      const problem = verbProblemOf(error);
      toast.error(`Saved, but not restarted: ${problem.title}`, { description: problem.advice });
    },
  });
  const canRestart = verbsFor(fleet, agent).includes('restart');
  const radius = blastRadiusOf(fleet, agent.id, 'restart');
  return (
    <Dialog
      open
      onClose={onClose}
      locked={file.saving}
      width="wide"
      title={`Save ${file.path} of ${agent.name}?`}
      description={canRestart ? 'The agent works by it after its next start.' : 'It works by it once it starts.'}
      footer={
        <>
          <Button disabled={file.saving} onClick={onClose}>
            Cancel
          </Button>
          <Button
            look={canRestart ? 'plain' : 'primary'}
            pending={file.saving}
            onClick={() => file.save({ onSaved: onClose, onConflict: onClose })}
          >
            Save
          </Button>
          {canRestart && (
            <Button
              look="primary"
              disabled={file.saving}
              onClick={() =>
                file.save({
                  onSaved: () => {
                    onClose();
                    restart.mutate({ verb: 'restart', agent });
                  },
                  onConflict: onClose,
                })
              }
            >
              Save and restart
            </Button>
          )}
        </>
      }
    >
      <DiffView before={file.before} after={file.text} label="Changes to be saved" />
      {canRestart && (
        <section className="mt-4 border-t border-line pt-4 text-sm text-ink-soft">
          <h3 className="mb-1 font-medium text-ink">With a restart</h3>
          <BlastView radius={radius} words={wordsFor('restart', agent, radius)} />
        </section>
      )}
      {file.problem && (
        <Notice tone="error" title={file.problem.title} className="mt-4">
          {file.problem.advice}
        </Notice>
      )}
    </Dialog>
  );
}
