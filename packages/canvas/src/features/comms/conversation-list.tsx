import type { Workspace } from '@molecule/contract';
import { ArrowDownLeft, ArrowUpRight, MessagesSquare } from 'lucide-react';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { useAgent } from '../../app/services-context.js';
import { useNow } from '../../app/use-now.js';
import { conversationsOf, exchangesOf, lastWordAt, type PeerConversation } from '../../model/peer-exchange.js';
import { agoOf, exactTime } from '../../model/relative-time.js';
import { Button } from '../../ui/button.js';
import { Placeholder, SkeletonRows } from '../../ui/placeholder.js';
import { ProblemNotice } from '../../ui/problem-notice.js';
import { nameOfPeer } from '../activity/filter-fields.js';
import { useActivityLog } from '../activity/use-activity-log.js';
import { Monogram } from '../agents/monogram.js';

/** Everybody the agent has exchanged words with, the newest word first. */
export function ConversationList({ agent }: { agent: Workspace }) {
  const { log, state } = useActivityLog({ id: agent.id, source: 'agent' });
  const now = useNow(15_000);
  const conversations = useMemo(() => conversationsOf(exchangesOf(state.rows), agent.id), [state.rows, agent.id]);
  if (state.history === 'unread' && state.problem === null) {
    return <SkeletonRows label="Loading the conversations" />;
  }
  return (
    <div className="relative h-full overflow-y-auto">
      {state.problem && (
        <div className="p-4">
          <ProblemNotice
            problem={state.problem}
            onRetry={log.retry}
            consequence="The conversations could not be read."
          />
        </div>
      )}
      {conversations.length === 0 && state.problem === null && (
        <Placeholder icon={MessagesSquare} title="No conversations with other agents yet">
          When {agent.name} passes work on to another agent, or is asked by one, their questions and answers appear here
          as they happen.
        </Placeholder>
      )}
      <ul aria-label={`Agents that ${agent.name} speaks with`}>
        {conversations.map((conversation) => (
          <ConversationItem key={conversation.peerId} agent={agent} conversation={conversation} now={now} />
        ))}
      </ul>
      {state.history === 'partial' && (
        <div className="p-4 text-center">
          <Button size="small" pending={state.reading} onClick={log.readOlder}>
            Show earlier
          </Button>
        </div>
      )}
    </div>
  );
}

interface ConversationItemProps {
  agent: Workspace;
  conversation: PeerConversation;
  now: number;
}

function ConversationItem({ agent: { id, name: agentName }, conversation, now }: ConversationItemProps) {
  const { peerId, latest, asked, wasAsked, open, failed } = conversation;
  const name = nameOfPeer(useAgent(peerId)?.name, peerId);
  const at = lastWordAt(latest);
  return (
    <li className="border-b border-line">
      <Link
        to={`/w/${id}/comms?peer=${peerId}`}
        className="flex gap-3 px-4 py-3 hover:bg-hover focus-visible:-outline-offset-2"
      >
        <Monogram name={name} />
        <span className="min-w-0 flex-1">
          <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
            <span className="truncate text-sm font-medium">{name}</span>
            {open > 0 && <Count look="bg-busy-soft text-busy">{open} under way</Count>}
            {failed > 0 && <Count look="bg-bad-soft text-bad">{failed} failed</Count>}
            <time dateTime={at} title={exactTime(at)} className="ml-auto text-xs text-ink-faint tabular-nums">
              {agoOf(at, now)}
            </time>
          </span>
          <LastWord id={id} conversation={conversation} name={name} />
          <span className="mt-0.5 block text-xs text-ink-faint">
            {[asked > 0 && `${agentName} asked ${times(asked)}`, wasAsked > 0 && `${name} asked ${times(wasAsked)}`]
              .filter(Boolean)
              .join(', ')}
          </span>
        </span>
      </Link>
    </li>
  );
}

function LastWord({
  id,
  conversation: { latest },
  name,
}: {
  id: string;
  conversation: PeerConversation;
  name: string;
}) {
  const answered = latest.state === 'answered';
  // An answer goes the other way than its question.
  const outward = (latest.fromId === id) !== answered;
  const Icon = outward ? ArrowUpRight : ArrowDownLeft;
  return (
    <span className="mt-0.5 flex items-center gap-1.5 text-sm text-ink-soft">
      <Icon
        role="img"
        aria-label={outward ? `To ${name}:` : `From ${name}:`}
        className="size-3.5 shrink-0 text-ink-faint"
      />
      <span className="truncate">
        {latest.state === 'failed' && <span className="text-bad">Failed: </span>}
        {(answered ? latest.answer : latest.question) || 'without text'}
      </span>
    </span>
  );
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function Count({ look, children }: { look: string; children: React.ReactNode }) {
  return (
    <span className={`inline-flex h-5 items-center rounded-full px-2 text-xs font-medium ${look}`}>{children}</span>
  );
}
