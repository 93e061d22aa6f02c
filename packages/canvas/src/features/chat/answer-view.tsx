import type { Workspace } from '@molecule/contract';
import { Clock, LoaderCircle, RotateCcw, Settings } from 'lucide-react';
import { useServices } from '../../app/services-context.js';
import { useGo } from '../../app/use-navigation.js';
import { useNow } from '../../app/use-now.js';
import type { Exchange } from '../../model/chat.js';
import { isAboutKeys } from '../../model/failure-advice.js';
import type { Problem } from '../../model/problem.js';
import { formatDuration } from '../../model/relative-time.js';
import { Button } from '../../ui/button.js';
import { CopyButton } from '../../ui/copy-button.js';
import { Notice } from '../../ui/notice.js';
import { DemoChip } from '../agents/agent-chips.js';
import { MessageText } from './message-text.js';
import { TeamAtWork } from './team-at-work.js';

/** How one message was answered, in whichever of its states it is. */
export function AnswerView({ agent, exchange }: { agent: Workspace; exchange: Exchange }) {
  const { conversations } = useServices();
  const go = useGo();
  const { answer } = exchange;
  switch (answer.state) {
    case 'sending':
      return <Waiting text={`Sending to ${agent.name}`} since={exchange.at} />;
    case 'working':
      return (
        <div>
          <AgentLine agent={agent} />
          {answer.text !== '' && (
            <div className="text-sm" aria-live="off">
              <MessageText text={answer.text} />
            </div>
          )}
          <TeamAtWork id={agent.id} />
          <Waiting
            text={answer.note ?? (answer.text === '' ? `${agent.name} is working` : 'Writing')}
            since={exchange.at}
          />
        </div>
      );
    case 'queued':
      return (
        <p className="flex items-center gap-2 text-sm text-ink-soft">
          <Clock aria-hidden className="size-4" />
          {answer.waking
            ? `${agent.name} is waking up; your message is kept and comes first.`
            : `Recorded. ${agent.name} answers as soon as it can.`}
        </p>
      );
    case 'answered':
      return (
        <div className="group/answer">
          <AgentLine agent={agent}>
            {answer.durationMs !== null && answer.durationMs > 0 && <span>{formatDuration(answer.durationMs)}</span>}
            <span className="opacity-0 transition-opacity group-hover/answer:opacity-100 focus-within:opacity-100">
              <CopyButton text={answer.text} label="Copy the answer" />
            </span>
          </AgentLine>
          <div className="text-sm">
            {answer.text === '' ? (
              <p className="text-ink-soft">Answered without text.</p>
            ) : (
              <MessageText text={answer.text} />
            )}
          </div>
        </div>
      );
    case 'failed':
      return (
        <Notice
          tone="error"
          title={`${agent.name} could not answer`}
          actions={
            <>
              <Button size="small" icon={RotateCcw} onClick={() => conversations.send(agent.id, exchange.text)}>
                Send again
              </Button>
              {isAboutKeys(answer.reason) && (
                <Button size="small" icon={Settings} onClick={go.settings}>
                  Open settings
                </Button>
              )}
            </>
          }
        >
          {answer.reason}
        </Notice>
      );
    case 'refused':
      return (
        <Refusal
          problem={answer.problem}
          atMs={answer.atMs}
          onRetry={() => conversations.sendAgain(agent.id, exchange.id, exchange.text)}
        />
      );
  }
}

function AgentLine({ agent, children }: { agent: Workspace; children?: React.ReactNode }) {
  return (
    <p className="mb-1 flex h-7 items-center gap-2 text-xs text-ink-faint">
      <span className="font-medium text-ink-soft">{agent.name}</span>
      <DemoChip agent={agent} />
      {children}
    </p>
  );
}

function Waiting({ text, since }: { text: string; since: string }) {
  const now = useNow(1_000);
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1_000));
  return (
    <p className="mt-1.5 flex items-center gap-2 text-sm text-ink-soft">
      <LoaderCircle aria-hidden className="size-4 animate-spin text-busy" />
      <span className="min-w-0 truncate">{text}</span>
      {seconds > 2 && <span className="text-ink-faint tabular-nums">{seconds} s</span>}
    </p>
  );
}

/** Not recorded by the server: nothing is lost by sending again, and the countdown says when it is worth it. */
function Refusal({ problem, atMs, onRetry }: { problem: Problem; atMs: number; onRetry: () => void }) {
  const now = useNow(1_000);
  const wait = Math.ceil((atMs + (problem.retryAfterSeconds ?? 0) * 1_000 - now) / 1_000);
  return (
    <Notice
      tone="error"
      title={problem.title}
      actions={
        problem.retryable ? (
          <Button size="small" icon={RotateCcw} disabled={wait > 0} onClick={onRetry}>
            {wait > 0 ? `Retry in ${wait} s` : 'Retry'}
          </Button>
        ) : undefined
      }
    >
      {problem.advice}
    </Notice>
  );
}
