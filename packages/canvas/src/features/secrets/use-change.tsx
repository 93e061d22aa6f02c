import type { RestartPreview, Workspace } from '@molecule/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { toast } from 'sonner';
import { useFleet } from '../../app/services-context.js';
import { isAtWork } from '../../model/blast-radius.js';
import { type Problem, problemOf } from '../../model/problem.js';
import { ConfirmDialog } from '../../ui/confirm-dialog.js';
import { Notice } from '../../ui/notice.js';
import { BlastView } from '../lifecycle/blast-view.js';
import { restartNote, restartNoteOf, wordsForRestarts } from './change-words.js';
import { secretsKey } from './queries.js';

/** A change that may start agents again, with what is said about it before and after. */
export interface Change {
  readonly title: string;
  readonly effect: string;
  readonly confirm: string;
  /** A removal is asked about even when it reaches nobody. */
  readonly removes: boolean;
  readonly done: string;
  readonly preview: () => Promise<RestartPreview>;
  /** Resolves with how many agents start again, null where the server does not count them. */
  readonly apply: () => Promise<number | null>;
}

interface Asked {
  readonly change: Change;
  readonly reached: RestartPreview['would_restart'];
  readonly onDone: (() => void) | undefined;
}

export interface ChangeRun {
  /** Asks the server whom the change reaches, then the person, then makes it. `onDone` follows a change that was made. */
  readonly start: (change: Change, onDone?: () => void) => void;
  readonly pending: boolean;
  /** Why it was refused; what is refused after the question is told in the dialog instead. */
  readonly problem: Problem | null;
  readonly dialog: ReactNode;
}

/** Changes with a look ahead: nothing that interrupts an agent happens before the person has seen whom it reaches. */
export function useChange(): ChangeRun {
  const queries = useQueryClient();
  const [asked, setAsked] = useState<Asked | null>(null);
  const apply = useMutation({
    mutationFn: ({ change }: Asked) => change.apply(),
    onSuccess: (restarts, { change, reached, onDone }) => {
      setAsked(null);
      const names = reached.map((agent) => agent.name);
      // Between the question and the answer agents may have come and gone: what the server counted in the end holds.
      const note = restarts === null || restarts === names.length ? restartNoteOf(names) : restartNote(restarts);
      toast.success(change.done, { description: note });
      onDone?.();
      return queries.invalidateQueries({ queryKey: secretsKey });
    },
  });
  const preview = useMutation({
    mutationFn: ({ change }: { change: Change; onDone: (() => void) | undefined }) => change.preview(),
    onSuccess: ({ changes, would_restart: reached }, { change, onDone }) => {
      if (!changes) {
        toast.info('Nothing to change', { description: 'The very same is saved already.' });
        onDone?.();
        return;
      }
      const next = { change, reached, onDone };
      if (reached.length === 0 && !change.removes) apply.mutate(next);
      else setAsked(next);
    },
  });

  const error = preview.error ?? (asked === null ? apply.error : null);
  return {
    start: (change, onDone) => {
      // A second press while the first is under way would change twice.
      if (preview.isPending || apply.isPending) return;
      apply.reset();
      preview.mutate({ change, onDone });
    },
    pending: preview.isPending || apply.isPending,
    problem: error ? problemOf(error) : null,
    dialog: asked && (
      <ChangeDialog
        asked={asked}
        pending={apply.isPending}
        problem={apply.error ? problemOf(apply.error) : null}
        onConfirm={() => apply.mutate(asked)}
        onCancel={() => {
          apply.reset();
          setAsked(null);
        }}
      />
    ),
  };
}

interface ChangeDialogProps {
  asked: Asked;
  pending: boolean;
  problem: Problem | null;
  onConfirm: () => void;
  onCancel: () => void;
}

function ChangeDialog({ asked, pending, problem, onConfirm, onCancel }: ChangeDialogProps) {
  const { change, reached } = asked;
  const agents = useFleet((state) => state.fleet.agents);
  const affected = reached.flatMap(({ id }) => agents.get(id) ?? []);
  return (
    <ConfirmDialog
      open
      title={change.title}
      confirmLabel={change.confirm}
      look={change.removes ? 'danger' : 'primary'}
      pending={pending}
      onConfirm={onConfirm}
      onCancel={onCancel}
      extra={
        problem && (
          <Notice tone="error" title={problem.title} className="mt-4">
            {problem.advice}
          </Notice>
        )
      }
    >
      <BlastView radius={radiusOf(affected)} words={wordsForRestarts(affected, change.effect)} />
    </ConfirmDialog>
  );
}

/** Those at work first: they are what a person must not overlook in a long list. */
function radiusOf(affected: readonly Workspace[]) {
  const working = affected.filter(isAtWork);
  return {
    affected: [...working, ...affected.filter((agent) => !isAtWork(agent))],
    atWork: working.length,
  };
}
