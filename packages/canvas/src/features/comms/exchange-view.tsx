import { Clock, CornerDownRight, LoaderCircle } from 'lucide-react';
import type { ReactNode } from 'react';
import type { PeerExchange } from '../../model/peer-exchange.js';
import { ageOf, clockTime, exactTime } from '../../model/relative-time.js';
import { classes } from '../../ui/classes.js';
import { LongText } from '../../ui/json-block.js';
import { Notice } from '../../ui/notice.js';
import { MessageText } from '../chat/message-text.js';
import { FailedDelegation } from '../delegations/failed-delegation.js';

interface ExchangeViewProps {
  exchange: PeerExchange;
  /** The agent whose page this is; its words stand at the right. */
  selfId: string;
  names: ReadonlyMap<string, string>;
  now: number;
}

/** A question, and below it how far it has come: waiting, at work, answered, failed with the next step, or late. */
export function ExchangeView({ exchange, selfId, names, now }: ExchangeViewProps) {
  const { fromId, toId, question, answer, answeredAt, state, late } = exchange;
  const from = names.get(fromId) ?? 'An agent';
  const to = names.get(toId) ?? 'an agent';
  return (
    <div className="space-y-2">
      <Bubble own={fromId === selfId} name={from} verb={`asks ${to}`} at={exchange.at}>
        {question === '' ? (
          <p className="text-ink-soft">The question is further up, or had no text.</p>
        ) : (
          <Words text={question} />
        )}
      </Bubble>
      {state === 'failed' && (
        <div className={toId === selfId ? 'pl-8' : 'pr-8'}>
          <Failure exchange={exchange} to={to} />
        </div>
      )}
      {answeredAt !== null && (answer !== '' || state === 'answered') && (
        <Bubble own={toId === selfId} name={to} verb="answers" at={answeredAt} isAnswer late={late}>
          {answer === '' ? <p className="text-ink-soft">Answered without text.</p> : <Words text={answer} />}
        </Bubble>
      )}
      {(state === 'queued' || state === 'working') && (
        <Waiting own={toId === selfId} state={state} to={to} age={ageOf(exchange.at, now)} />
      )}
    </div>
  );
}

interface BubbleProps {
  own: boolean;
  name: string;
  verb: string;
  at: string;
  isAnswer?: boolean;
  late?: boolean;
  children: ReactNode;
}

function Bubble({ own, name, verb, at, isAnswer = false, late = false, children }: BubbleProps) {
  return (
    <div className={classes('flex flex-col', own ? 'items-end' : 'items-start')}>
      <p className="mb-1 flex flex-wrap items-center gap-x-1.5 px-1 text-xs text-ink-faint">
        {isAnswer && <CornerDownRight aria-hidden className="size-3.5" />}
        <span className="font-medium text-ink-soft">{name}</span>
        {verb}
        <time dateTime={at} title={exactTime(at)}>
          {clockTime(at)}
        </time>
        {late && (
          <span
            title="It came after the work had been given up, and is in the inbox of who asked."
            className="inline-flex h-5 items-center rounded-full bg-warn-soft px-2 font-medium text-warn"
          >
            Late
          </span>
        )}
      </p>
      <div
        className={classes(
          'max-w-[92%] min-w-0 rounded-2xl px-3.5 py-2 text-sm',
          own ? 'rounded-br-md bg-accent-soft' : 'rounded-bl-md bg-hover',
        )}
      >
        {children}
      </div>
    </div>
  );
}

const SHOWN_CHARACTERS = 3_000;

function Words({ text }: { text: string }) {
  return (
    <LongText text={text} limit={SHOWN_CHARACTERS}>
      {(shown) => <MessageText text={shown} />}
    </LongText>
  );
}

function Waiting({ own, state, to, age }: { own: boolean; state: 'queued' | 'working'; to: string; age: string }) {
  return (
    <p className={classes('flex items-center gap-2 px-1 text-sm text-ink-soft', own && 'justify-end')}>
      {state === 'working' ? (
        <LoaderCircle aria-hidden className="size-4 animate-spin text-busy" />
      ) : (
        <Clock aria-hidden className="size-4" />
      )}
      {state === 'working' ? `${to} is working on it` : `Queued: ${to} has not answered yet`}
      <span className="whitespace-nowrap text-ink-faint tabular-nums">{age}</span>
    </p>
  );
}

function Failure({ exchange, to }: { exchange: PeerExchange; to: string }) {
  if (exchange.delegationId !== null) {
    return <FailedDelegation callerId={exchange.fromId} delegationId={exchange.delegationId} error={exchange.error} />;
  }
  return (
    <Notice tone="error" quiet title={`${to} could not answer`}>
      <p>{exchange.error ?? 'No reason was recorded.'}</p>
      <p className="mt-1 text-ink">Look at the log of {to}, put the cause right, then have it asked once more.</p>
    </Notice>
  );
}
