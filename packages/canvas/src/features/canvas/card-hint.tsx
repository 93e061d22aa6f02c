import type { Workspace } from '@molecule/contract';
import type { ReactElement } from 'react';
import { cardNotes } from '../../model/card-notes.js';
import { pendingChange } from '../../model/pending-change.js';
import { Tooltip } from '../../ui/tooltip.js';

/**
 * What a card has to cut, in full, when the pointer or the focus is on it. The button that covers the card opens it:
 * the texts below it never see the pointer, so a tooltip of their own would never show.
 */
export function CardHint({ agent, isLead, children }: { agent: Workspace; isLead: boolean; children: ReactElement }) {
  const pending = pendingChange(agent);
  const notes = [...cardNotes(agent), ...(pending === null ? [] : [`${pending.title}.`])];
  // Never without the tooltip around it: a button that moves in the tree is a new one, and loses the focus.
  return (
    <Tooltip
      // A lead's own words are at the top of its card; above a member stand those of its lead.
      side={isLead ? 'top' : 'bottom'}
      text={
        notes.length === 0 ? null : (
          <span className="space-y-1">
            {notes.map((note) => (
              <span key={note} className="block break-words">
                {note}
              </span>
            ))}
          </span>
        )
      }
    >
      {children}
    </Tooltip>
  );
}
