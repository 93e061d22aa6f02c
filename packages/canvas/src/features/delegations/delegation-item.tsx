import type { AdminDelegation } from '@molecule/contract';
import { ArrowRight, Ban } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useAgent } from '../../app/services-context.js';
import { Button } from '../../ui/button.js';
import { outcomeOf } from '../activity/activity-words.js';
import { OutcomeMark } from '../activity/outcome-mark.js';
import { ConversationLink } from '../comms/conversation-link.js';
import { DelegationTimes } from './delegation-times.js';
import { reasonWords, stateWords } from './delegation-words.js';
import { RetryButton } from './retry-button.js';
import { useDelegationAction } from './use-delegations.js';

/** One delegation of the board: who asked whom for what, how it stands, and what can be done about it. */
export function DelegationItem({ row, now }: { row: AdminDelegation; now: number }) {
  const word = stateWords[row.status];
  const ended = row.status === 'completed' || row.status === 'failed' || row.status === 'stuck';
  return (
    <li className="rounded-xl border border-line bg-surface px-4 py-3 shadow-card">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <OutcomeMark outcome={outcomeOf(row.status)} word={word} />
        <span className="text-sm font-medium">{word}</span>
        {row.late && (
          <Mark title="Its result came after it was given up, and is in the inbox of its caller.">Late result</Mark>
        )}
        {row.retry_count > 0 && <Mark>{row.retry_count === 1 ? '1 more try' : `${row.retry_count} more tries`}</Mark>}
        <span className="flex min-w-0 items-center gap-1.5 text-sm">
          <Who id={row.caller_id} tab="delegations" />
          <ArrowRight aria-label="to" className="size-3.5 shrink-0 text-ink-faint" />
          <Who id={row.callee_id} tab="activity" />
        </span>
      </div>
      <p className="mt-1.5 line-clamp-2 text-sm break-words">{row.task_preview}</p>
      {row.result_preview && (
        <p className="mt-1 line-clamp-2 text-sm break-words text-ink-soft">{row.result_preview}</p>
      )}
      {ended && row.status !== 'completed' && (
        <p className="mt-1 text-sm break-words">
          <span className="text-bad">
            <span className="font-medium">{reasonWords(row.reason)}</span>
            {row.error_detail && `: ${asSentence(row.error_detail)}`}
          </span>
          {row.next_step && <span className="text-ink-soft"> {row.next_step}</span>}
        </p>
      )}
      <DelegationTimes row={row} ended={ended} now={now} />
      <Actions row={row} ended={ended} />
    </li>
  );
}

/** What is left of a removed agent is what the board shows: it has no page, and nobody can be asked in its name. */
function Actions({ row, ended }: { row: AdminDelegation; ended: boolean }) {
  const caller = useAgent(row.caller_id);
  const callee = useAgent(row.callee_id);
  if (!caller) return null;
  return (
    <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-2">
      {!ended && <CancelButton row={row} />}
      {ended && row.status !== 'completed' && callee && <RetryButton delegation={row} />}
      <ConversationLink id={row.caller_id} peerId={row.callee_id} label="Conversation" />
    </div>
  );
}

function CancelButton({ row }: { row: AdminDelegation }) {
  const action = useDelegationAction(row);
  return (
    <Button size="small" icon={Ban} pending={action.isPending} onClick={() => action.mutate('cancel')}>
      Cancel
    </Button>
  );
}

function Mark({ children, title }: { children: ReactNode; title?: string }) {
  return (
    <span
      title={title}
      className="inline-flex h-5.5 items-center rounded-full border border-line px-2 text-xs text-ink-soft"
    >
      {children}
    </span>
  );
}

/** Details come from agents and programs; the next step follows as a sentence of its own. */
function asSentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** A removed agent has no name any more. */
function Who({ id, tab }: { id: string; tab: 'delegations' | 'activity' }) {
  const agent = useAgent(id);
  if (!agent) return <span className="text-ink-faint">removed agent {id.slice(0, 8)}</span>;
  return (
    <Link to={`/w/${id}/${tab}`} className="truncate rounded text-accent hover:underline">
      {agent.name || 'Unnamed agent'}
    </Link>
  );
}
