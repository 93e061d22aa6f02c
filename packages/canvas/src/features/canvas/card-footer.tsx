import type { Workspace } from '@molecule/contract';
import { CircleAlert, Download, Sparkle } from 'lucide-react';
import { footOf } from '../../model/card-notes.js';
import { canAnswer } from '../../model/status.js';
import { classes } from '../../ui/classes.js';

/** What the agent is doing, or why it is not. */
export function CardFooter({ agent }: { agent: Workspace }) {
  const foot = footOf(agent);
  switch (foot.kind) {
    case 'working':
      return (
        <p className="mt-2 flex items-center gap-1.5 text-xs text-ink">
          <Sparkle aria-hidden className="size-3.5 shrink-0 animate-breathe text-busy" />
          <span className="truncate">{foot.task || 'Working'}</span>
          {foot.count > 1 && <span className="ml-auto shrink-0 text-ink-soft">{foot.count} tasks</span>}
        </p>
      );
    case 'starting':
      return (
        <p className="mt-2 flex items-center gap-1.5 text-xs text-ink">
          <Download aria-hidden className="size-3.5 shrink-0 text-busy" />
          <span className="truncate">{foot.text}</span>
        </p>
      );
    case 'error':
      // Two lines end above the children of a lead, whose cards begin right below.
      return (
        <p
          className={classes(
            'mt-1 flex gap-1.5 text-xs leading-4',
            agent.status === 'degraded' ? 'text-warn' : 'text-bad',
          )}
        >
          <CircleAlert aria-hidden className="mt-px size-3.5 shrink-0" />
          <span className="line-clamp-2 min-w-0 break-words">{foot.text}</span>
        </p>
      );
    case 'nothing':
      // Idle is said of agents that could work; the chip tells what keeps the others from it.
      return canAnswer(agent.status) ? <p className="mt-2 text-xs text-ink-faint">Idle</p> : null;
  }
}
