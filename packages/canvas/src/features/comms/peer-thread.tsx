import type { Workspace } from '@molecule/contract';
import { ArrowLeft, MessagesSquare } from 'lucide-react';
import { Fragment } from 'react';
import { Link } from 'react-router';
import { useAgent } from '../../app/services-context.js';
import { useNow } from '../../app/use-now.js';
import { dayLabel } from '../../model/relative-time.js';
import { Button } from '../../ui/button.js';
import { Placeholder, SkeletonRows } from '../../ui/placeholder.js';
import { ProblemNotice } from '../../ui/problem-notice.js';
import { DayLine, NewestButton } from '../../ui/transcript-parts.js';
import { useStickToEnd } from '../../ui/use-stick-to-end.js';
import { nameOfPeer } from '../activity/filter-fields.js';
import { StatusChip } from '../agents/status-mark.js';
import { ExchangeView } from './exchange-view.js';
import { type Thread, useThread } from './use-thread.js';

/** The conversation of two agents as bubbles, each answer below its question, followed live. */
export function PeerThread({ agent, peerId }: { agent: Workspace; peerId: string }) {
  const peer = useAgent(peerId);
  const name = nameOfPeer(peer?.name, peerId);
  const thread = useThread(agent.id, peerId);
  const empty = thread.exchanges.length === 0;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2">
        <Link
          to={`/w/${agent.id}/comms`}
          className="inline-flex h-8 items-center gap-1.5 rounded-lg pr-2 text-sm text-ink-soft hover:text-ink"
        >
          <ArrowLeft aria-hidden className="size-4" />
          All conversations
        </Link>
        <h3 className="min-w-0 truncate text-sm font-medium">
          {agent.name} and{' '}
          {peer ? (
            <Link
              to={`/w/${peerId}/comms?peer=${agent.id}`}
              className="rounded text-accent underline underline-offset-2"
            >
              {name}
            </Link>
          ) : (
            name
          )}
        </h3>
        {peer && <StatusChip status={peer.status} />}
      </div>
      {thread.problem && (
        <div className="px-4 pt-3">
          <ProblemNotice
            problem={thread.problem}
            onRetry={thread.retry}
            consequence={empty ? 'The conversation could not be read.' : 'The conversation may be out of date.'}
          />
        </div>
      )}
      {empty && thread.loading && thread.problem === null ? (
        <SkeletonRows label="Loading the conversation" />
      ) : empty && thread.problem === null && !thread.hasMore ? (
        <Placeholder icon={MessagesSquare} title="They have not spoken yet">
          What {agent.name} asks {name}, and what {name} asks {agent.name}, appears here with the answers.
        </Placeholder>
      ) : (
        <Transcript agent={agent} peerId={peerId} name={name} thread={thread} />
      )}
    </div>
  );
}

interface TranscriptProps {
  agent: Workspace;
  peerId: string;
  name: string;
  thread: Thread;
}

function Transcript({ agent, peerId, name, thread }: TranscriptProps) {
  const now = useNow(5_000);
  const { exchanges } = thread;
  const { area, atEnd, toEnd } = useStickToEnd({ oldest: exchanges[0]?.id });
  const names = new Map([
    [agent.id, agent.name],
    [peerId, name],
  ]);
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={area}
        role="log"
        aria-label={`Conversation between ${agent.name} and ${name}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        className="relative h-full overflow-y-auto px-4 py-4 focus-visible:-outline-offset-2"
      >
        {thread.hasMore && (
          <div className="mb-4 text-center">
            <Button size="small" look="quiet" pending={thread.reading} onClick={thread.readOlder}>
              Show earlier messages
            </Button>
          </div>
        )}
        <ol className="space-y-6">
          {exchanges.map((exchange, index) => {
            const day = dayLabel(exchange.at, now);
            const before = exchanges[index - 1];
            const isNewDay = before === undefined || dayLabel(before.at, now) !== day;
            return (
              <Fragment key={exchange.id}>
                {isNewDay && <DayLine day={day} />}
                <li>
                  <ExchangeView exchange={exchange} selfId={agent.id} names={names} now={now} />
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
