import { followAbort } from '@molecule/contract/abort';
import { AppError } from '../../platform/http/app-error.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { Ports } from '../../ports.js';
import type { Forward } from '../../proxy/forward.js';
import { createReaderSink } from '../../proxy/reader-sink.js';
import type { WorkspaceReads } from '../workspaces/index.js';
import type { Delivered, Deliveries } from './deliveries.js';
import type { NewMessage } from './ledger.types.js';
import { countQueued } from './messages.store.js';
import type { Reachability } from './reachability.js';
import { replyAnswer, replyDelivered, STREAM_HEADERS } from './replies.js';
import type { Sending, SendReply } from './send-message.js';

type Push = Extract<Reachability, { kind: 'push' }>;

/** Deliveries with a client that waits for the answer. */
export interface LiveSend {
  /** Delivers a recorded row. The delivery goes on to its end when the client leaves (B-45). */
  deliver(
    request: Sending & {
      readonly address: Push;
      readonly message: NewMessage & { readonly owner: string };
      readonly failures: number;
      readonly claimedAtMs: number;
    },
  ): Promise<SendReply>;
  /** Passes a question through that no row stands for. */
  ask(request: Sending & { readonly address: Push }): Promise<SendReply>;
}

export interface LiveSendDeps extends Pick<Ports, 'lanes' | 'clock' | 'supervisor'> {
  readonly deliveries: Deliveries;
  readonly forward: Forward;
  readonly workspaces: WorkspaceReads;
  readonly idleMs: number;
  readonly stopping: AbortSignal;
}

export function createLiveSend(deps: LiveSendDeps): LiveSend {
  const { lanes, clock, supervisor } = deps;

  /** Runs `work` beyond this request; the reply is whatever comes first, a stream or an answer. */
  const detached = (
    name: string,
    work: (answer: (reply: SendReply) => void, signal: AbortSignal) => Promise<void>,
  ): Promise<SendReply> =>
    new Promise((resolve, reject) => {
      let answered = false;
      const answer = (reply: SendReply): void => {
        answered = true;
        resolve(reply);
      };
      supervisor.background(name, async (signal) => {
        const ender = new AbortController();
        const unfollow = followAbort(ender, [signal, deps.stopping]);
        try {
          await work(answer, ender.signal);
        } catch (error) {
          // A client that has its answer cannot be told any more; then it is the supervisor's to log and count.
          if (answered) throw error;
          reject(error);
        } finally {
          unfollow();
        }
      });
    });

  const openSinkFor = (answer: (reply: SendReply) => void) => (status: number) => {
    const sink = createReaderSink(clock);
    answer({ status, headers: STREAM_HEADERS, stream: sink.readable });
    return sink;
  };

  return {
    deliver: ({ message, target, address, failures, claimedAtMs }) =>
      detached('message-forward', async (answer, signal) => {
        const ids = { id: message.id, messageId: message.messageId };
        let streamed = false;
        const reply = async (delivered: Delivered): Promise<void> => {
          if (streamed) return;
          const waits = delivered.decision.kind === 'retry' || delivered.decision.kind === 'ask';
          answer(replyDelivered(delivered, ids, waits ? await countQueued(lanes.control, target.id) : 0));
        };
        const openSink = openSinkFor(answer);
        const delivered = await deps.deliveries.deliver({
          message: { ...message, failures },
          target,
          address,
          claimedAtMs,
          signal,
          attendance: {
            openSink: (status) => {
              streamed = true;
              return openSink(status);
            },
            // Without a database there is nothing to say about the queue; the answer itself needs none.
            onUnwritten: ({ outcome }) => {
              if (!streamed && outcome.kind === 'answered') answer(replyAnswer(outcome));
            },
          },
        });
        await reply(delivered);
      }),

    ask: ({ envelope, callerId, target, address, deadlineMs }) =>
      detached('question-forward', async (answer, signal) => {
        const outcome = await deps.forward({
          ...address,
          body: toStorableJson(envelope.body),
          callerId,
          idleMs: target.idleTimeoutSeconds === null ? deps.idleMs : target.idleTimeoutSeconds * 1_000,
          deadlineMs,
          lastBeatAt: async () => (await deps.workspaces.find(lanes.control, target.id))?.lastHeartbeatAt ?? null,
          openSink: openSinkFor(answer),
          onProgress: () => {},
          signal,
        });
        if (outcome.kind === 'streamed') return;
        if (outcome.kind === 'answered') {
          answer(replyAnswer(outcome));
          return;
        }
        if (outcome.kind === 'stopped') throw new AppError('shutting_down', { headers: { 'retry-after': '2' } });
        const failed = { outcome, decision: { kind: 'end', ending: NOT_ANSWERED } } as const;
        answer(replyDelivered(failed, { id: '', messageId: '' }, 0));
      }),
  };
}

const NOT_ANSWERED = { state: 'failed', reason: 'interrupted', detail: '', result: null } as const;
