import type { Workspace } from '@molecule/contract';
import { useEffect, useEffectEvent, useState } from 'react';
import { useMatch } from 'react-router';
import { useFleet } from '../../app/services-context.js';
import { useDialog, useGo } from '../../app/use-navigation.js';
import { type BlastRadius, blastRadiusOf, isAtWork } from '../../model/blast-radius.js';
import { type AskedVerb, verbsFor } from '../../model/lifecycle-verbs.js';
import { ConfirmDialog } from '../../ui/confirm-dialog.js';
import { Notice } from '../../ui/notice.js';
import { BlastView } from './blast-view.js';
import { verbProblemOf } from './run-verb.js';
import { TemplateChoice } from './template-choice.js';
import { useRunVerb, useTasksInTheWay } from './use-verbs.js';
import { verbLooks } from './verb-looks.js';
import { wordsFor } from './verb-words.js';

interface Subject {
  readonly agent: Workspace;
  readonly radius: BlastRadius;
}

/** Asks before a verb, runs it, and stays until the server has answered. Follows the fleet until the person confirms. */
export function VerbDialog({ verb, id }: { verb: AskedVerb; id: string }) {
  const live = useLiveSubject(verb, id);
  // From the press on the events change whom the verb would reach: those the person confirmed stay on the screen.
  const [confirmed, setConfirmed] = useState<Subject | null>(null);
  const [applyTemplate, setApplyTemplate] = useState(false);
  const leave = useLeave();
  const run = useRunVerb({ onDone: () => leave(verbLooks[verb].danger ? confirmed : null) });
  const subject = run.isPending || run.isSuccess ? confirmed : (live ?? confirmed);
  useLeaveWhenPointless(run.isIdle && live === null);
  if (subject === null) return null;

  const { agent, radius } = subject;
  const words = wordsFor(verb, agent, radius, applyTemplate);
  const problem = run.error ? verbProblemOf(run.error) : null;
  const confirm = () => {
    const now = live ?? subject;
    setConfirmed(now);
    run.mutate({
      verb,
      agent: now.agent,
      cascade: now.radius.affected.length > 1,
      force: verb === 'hibernate',
      applyTemplate,
    });
  };
  return (
    <ConfirmDialog
      open
      title={words.title}
      confirmLabel={words.confirm}
      look={verbLooks[verb].danger ? 'danger' : 'primary'}
      pending={run.isPending}
      onConfirm={confirm}
      onCancel={() => leave(null)}
      extra={
        <>
          {verb === 'restart' && (
            <TemplateChoice
              agent={agent}
              checked={applyTemplate}
              disabled={run.isPending}
              onChange={setApplyTemplate}
            />
          )}
          {problem && (
            <Notice tone="error" title={problem.title} className="mt-4">
              {problem.advice}
            </Notice>
          )}
        </>
      }
    >
      <BlastView radius={radius} words={words} />
    </ConfirmDialog>
  );
}

/** Null when the verb has nothing to act on: the agent is gone, or in a status in which nobody would offer it. */
function useLiveSubject(verb: AskedVerb, id: string): Subject | null {
  const fleet = useFleet((state) => state.fleet);
  const tasks = useTasksInTheWay(id);
  const agent = fleet.agents.get(id);
  if (!agent || !verbsFor(fleet, agent).includes(verb)) return null;
  if (verb === 'hibernate' && tasks !== null && !isAtWork(agent)) {
    // The server knew of a task before this page did.
    const working = { ...agent, active_tasks: tasks };
    return { agent: working, radius: { affected: [working], atWork: 1 } };
  }
  return { agent, radius: blastRadiusOf(fleet, id, verb) };
}

/** Closes the dialog, and the panel with it when its agent is among those that are gone. */
function useLeave() {
  const dialog = useDialog();
  const go = useGo();
  const open = useMatch('/w/:id/:tab')?.params.id;
  return (gone: Subject | null) => {
    if (gone?.radius.affected.some((agent) => agent.id === open)) go.canvas();
    else dialog.close();
  };
}

/** A link to a dialog, or a change by somebody else, may leave nothing to ask. */
function useLeaveWhenPointless(pointless: boolean): void {
  const dialog = useDialog();
  const ready = useFleet((state) => state.snapshot.state === 'ready');
  const close = useEffectEvent(dialog.close);
  useEffect(() => {
    if (pointless && ready) close();
  }, [pointless, ready]);
}
