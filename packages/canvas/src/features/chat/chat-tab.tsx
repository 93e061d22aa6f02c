import type { Status, Workspace } from '@molecule/contract';
import { MessageSquare } from 'lucide-react';
import { Fragment, useEffect } from 'react';
import { useStore } from 'zustand';
import { useChat, useServices } from '../../app/services-context.js';
import { useNow } from '../../app/use-now.js';
import type { Chat } from '../../model/chat.js';
import { clockTime, dayLabel, exactTime } from '../../model/relative-time.js';
import { canAnswer } from '../../model/status.js';
import { Button } from '../../ui/button.js';
import { Placeholder, SkeletonRows } from '../../ui/placeholder.js';
import { ProblemNotice } from '../../ui/problem-notice.js';
import { DayLine, NewestButton } from '../../ui/transcript-parts.js';
import { useStickToEnd } from '../../ui/use-stick-to-end.js';
import { AnswerView } from './answer-view.js';
import { Composer } from './composer.js';
import { MessageText } from './message-text.js';

export function ChatTab({ agent }: { agent: Workspace }) {
  const { chats, conversations } = useServices();
  const chat = useChat(agent.id);
  const problem = useStore(chats, (state) => state.problems.get(agent.id) ?? null);
  useEffect(() => conversations.open(agent.id), [conversations, agent.id]);

  return (
    <div className="flex h-full min-h-0 flex-col">
      {chat.history === 'unread' && chat.entries.length === 0 ? (
        <div className="min-h-0 flex-1">
          {problem ? (
            <div className="p-4">
              <ProblemNotice
                problem={problem}
                onRetry={() => conversations.open(agent.id)}
                consequence="The conversation could not be read."
              />
            </div>
          ) : (
            <SkeletonRows label="Loading the conversation" />
          )}
        </div>
      ) : (
        <Transcript key={agent.id} agent={agent} chat={chat} />
      )}
      <Composer agent={agent} />
    </div>
  );
}

function Transcript({ agent, chat }: { agent: Workspace; chat: Chat }) {
  const { conversations } = useServices();
  const now = useNow(60_000);
  const { area, atEnd, toEnd } = useStickToEnd({ pull: chat.entries.at(-1)?.id, oldest: chat.entries[0]?.id });

  if (chat.entries.length === 0) {
    return (
      <div className="min-h-0 flex-1">
        <Placeholder icon={MessageSquare} title={`Write to ${agent.name}`}>
          {emptyHint(agent.status)}
        </Placeholder>
      </div>
    );
  }
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={area}
        role="log"
        aria-label={`Conversation with ${agent.name}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        className="relative h-full overflow-y-auto px-4 py-4 focus-visible:-outline-offset-2"
      >
        {chat.history === 'partial' && (
          <div className="mb-4 text-center">
            <Button size="small" look="quiet" onClick={() => conversations.readOlder(agent.id)}>
              Show earlier messages
            </Button>
          </div>
        )}
        <ol className="space-y-5">
          {chat.entries.map((entry, index) => {
            const day = dayLabel(entry.at, now);
            const before = chat.entries[index - 1];
            const isNewDay = before === undefined || dayLabel(before.at, now) !== day;
            return (
              <Fragment key={entry.id}>
                {isNewDay && <DayLine day={day} />}
                <li>
                  {entry.kind === 'push' ? (
                    <FromAgent name={agent.name} at={entry.at}>
                      <MessageText text={entry.text} />
                    </FromAgent>
                  ) : (
                    <div className="space-y-3">
                      <FromHuman text={entry.text} at={entry.at} />
                      <AnswerView agent={agent} exchange={entry} />
                    </div>
                  )}
                </li>
              </Fragment>
            );
          })}
        </ol>
      </div>
      {!atEnd && <NewestButton onPress={toEnd} />}
    </div>
  );
}

function emptyHint(status: Status): string {
  if (canAnswer(status)) return 'Ask a question or hand over a task. A lead passes parts of it on to its team.';
  if (status === 'paused') return 'Resume it first. What you write until then stays in the field.';
  return 'You can write now; the message is delivered as soon as the agent is online.';
}

function FromHuman({ text, at }: { text: string; at: string }) {
  return (
    <div className="flex flex-col items-end">
      <div className="max-w-[88%] rounded-2xl rounded-br-md bg-accent-soft px-3.5 py-2 text-sm break-words whitespace-pre-wrap">
        <span className="sr-only">You: </span>
        {text}
      </div>
      <time dateTime={at} title={exactTime(at)} className="mt-1 mr-1 text-xs text-ink-faint">
        {clockTime(at)}
      </time>
    </div>
  );
}

function FromAgent({ name, at, children }: { name: string; at: string; children: React.ReactNode }) {
  return (
    <div>
      <p className="mb-1 flex items-center gap-2 text-xs text-ink-faint">
        <span className="font-medium text-ink-soft">{name}</span>
        <time dateTime={at} title={exactTime(at)}>
          {clockTime(at)}
        </time>
      </p>
      <div className="text-sm">{children}</div>
    </div>
  );
}
