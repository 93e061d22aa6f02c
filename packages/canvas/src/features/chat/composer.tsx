import type { Workspace } from '@molecule/contract';
import { ArrowUp, KeyRound } from 'lucide-react';
import { type KeyboardEvent, useId, useLayoutEffect, useRef } from 'react';
import { Link } from 'react-router';
import { useServices, useSession } from '../../app/services-context.js';
import { progressOf } from '../../model/card-notes.js';
import { statusStyle } from '../../model/status.js';
import { setDraft } from '../../state/session-store.js';
import { Kbd } from '../../ui/kbd.js';
import { VerbButton } from '../lifecycle/verb-button.js';

const HEIGHT_MAX = 220;

/**
 * A message to an agent that is busy or away is recorded and delivered later. Only a paused one takes none: the draft
 * waits here until it is resumed.
 */
export function Composer({ agent }: { agent: Workspace }) {
  const { session, conversations } = useServices();
  const draft = useSession((state) => state.drafts.get(agent.id) ?? '');
  const field = useRef<HTMLTextAreaElement>(null);
  const noteId = useId();
  const note = noteFor(agent);
  const paused = agent.status === 'paused';

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = draft === '' ? '' : `${Math.min(element.scrollHeight, HEIGHT_MAX)}px`;
  }, [draft]);

  const send = () => {
    const text = draft.trim();
    if (text === '' || paused) return;
    conversations.send(agent.id, text);
    setDraft(session, agent.id, '');
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    }
    if (event.key === 'Escape') {
      // Esc leaves the field first; a second press closes the panel. The draft stays either way.
      event.stopPropagation();
      field.current?.blur();
    }
  };

  return (
    <form
      className="border-t border-line px-3 pt-2.5 pb-3"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {note !== null && (
        <div className="mb-2 flex items-center gap-3 px-1">
          <p id={noteId} className="min-w-0 flex-1 text-xs text-ink-soft">
            {note}
          </p>
          {paused && <VerbButton verb="resume" agent={agent} />}
        </div>
      )}
      <div className="flex items-end gap-2 rounded-xl border border-line-strong/60 bg-surface py-1.5 pr-1.5 pl-3 transition-colors focus-within:border-accent">
        <textarea
          ref={field}
          data-composer
          rows={1}
          value={draft}
          onChange={(event) => setDraft(session, agent.id, event.target.value)}
          onKeyDown={onKeyDown}
          aria-label={`Message to ${agent.name}`}
          aria-describedby={note === null ? undefined : noteId}
          placeholder={`Message ${agent.name}`}
          className="min-h-8 flex-1 resize-none bg-transparent py-1.5 text-sm leading-5 outline-none placeholder:text-ink-faint"
        />
        <button
          type="submit"
          aria-label="Send"
          disabled={draft.trim() === '' || paused}
          className="inline-flex size-8 shrink-0 items-center justify-center rounded-lg bg-accent-fill text-accent-ink transition-colors hover:bg-accent-fill-hover disabled:bg-hover disabled:text-ink-faint"
        >
          <ArrowUp aria-hidden className="size-4" />
        </button>
      </div>
      <div className="mt-1.5 flex items-center gap-3 px-1 text-xs whitespace-nowrap text-ink-faint">
        <span className="flex items-center gap-1">
          <Kbd keys="Enter" /> sends
        </span>
        <span className="flex items-center gap-1">
          <Kbd keys="Shift+Enter" /> new line
        </span>
        {agent.demo && (
          <Link to="/settings" className="ml-auto flex items-center gap-1 rounded text-accent hover:underline">
            <KeyRound aria-hidden className="size-3.5" />
            Add a model key
          </Link>
        )}
      </div>
    </form>
  );
}

function noteFor(agent: Workspace): string | null {
  switch (agent.status) {
    case 'online':
    case 'degraded':
      return null;
    case 'provisioning':
      return `${agent.name} is starting; your message is delivered when it is online. ${progressOf(agent)}`.trimEnd();
    case 'hibernated':
    case 'hibernating':
      return `${agent.name} hibernates; a message wakes it.`;
    case 'paused':
      return `${agent.name} is paused and takes no messages until it is resumed.`;
    case 'awaiting_agent':
      return `${agent.name} has not connected yet; your message waits for it.`;
    case 'offline':
    case 'failed':
    case 'removed':
      return `${agent.name} is ${statusStyle(agent.status).label.toLowerCase()} and may refuse messages at the moment.`;
  }
}
