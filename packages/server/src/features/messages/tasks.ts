import { parseUuid } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { Ports } from '../../ports.js';
import type { JsonObject } from '../../proxy/json.js';
import { firstCharacters } from '../activity/index.js';
import type { WorkspaceCard, WorkspaceReads } from '../workspaces/index.js';
import { ensureBudget } from './budget.js';
import { hasEnded } from './delegation-state.js';
import { type GiveUpDeps, giveUp } from './give-up.js';
import type { Ledger } from './ledger.js';
import type { NewMessage, RecordedMessage } from './ledger.types.js';
import { RECORDED_METHOD } from './ledger.types.js';
import type { MessageLimits } from './limits.js';
import type { LiveAnswers } from './live-answers.js';
import type { MessageWaits } from './message-waits.js';
import { findRecorded } from './messages.store.js';
import { reach } from './reachability.js';
import { MESSAGE_ID_CHARACTERS_MAX, PREVIEW_CHARACTERS, refuseUnreachable } from './send-message.js';
import {
  countTasks,
  isInScope,
  listTaskKeys,
  readTasks,
  type TaskFilter,
  type TaskRecord,
  type TaskScope,
} from './tasks.store.js';

/** A message for a workspace, in the dialect its agent speaks. */
export interface NewTurn {
  readonly target: WorkspaceCard;
  readonly callerId: string | null;
  readonly messageId: string;
  readonly contextId: string;
  readonly method: 'message/send' | 'message/stream';
  /** The JSON-RPC request for the agent. */
  readonly body: JsonObject;
  readonly text: string;
  /** The task that it continues; null begins one. */
  readonly task: TaskRecord | null;
}

/** The messages of the ledger as tasks (design §4.5): what A2A calls `SendMessage`, `GetTask`, `ListTasks`, `CancelTask`. */
export interface Tasks {
  /**
   * Durable when it resolves, with the id of the task; the executor delivers. A message id that the caller has sent
   * before is answered with the task it became, and starts nothing.
   */
  submit(turn: NewTurn): Promise<string>;
  /** Null when the scope has no such task. */
  find(scope: TaskScope, id: string): Promise<TaskRecord | null>;
  /**
   * Newest first. A page may be shorter than asked for, or empty, when its tasks are large or few of very many match;
   * `next` is null only after the last.
   */
  list(
    scope: TaskScope,
    filter: TaskFilter,
    page: { readonly before: number | null; readonly size: number },
  ): Promise<{ readonly tasks: readonly TaskRecord[]; readonly next: number | null; readonly total: number }>;
  /** Gives the task up. False when it had ended before. */
  cancel(task: TaskRecord, targetId: string): Promise<boolean>;
  /** True when somebody is to fetch it, or it waits for its workspace: the answer may take long. */
  isIdle(target: WorkspaceCard): boolean;
  /** Follows the latest turn of a task from now on; `ms` null waits as long as the client does. */
  watch(turnId: string, ms: number | null, clientGone: AbortSignal): TaskWatch;
}

export interface TaskWatch {
  /** Resolves when the turn may have changed, when the agent said something, and when the watch is over. */
  next(): Promise<void>;
  isOver(): boolean;
  /** What the agent has streamed since the last call, in its own dialect. */
  takeEvents(): readonly string[];
  /** Artifacts streamed so far; events that led to them are not given out any more. */
  takeArtifacts(): readonly JsonObject[];
  done(): void;
}

export interface TasksDeps extends GiveUpDeps, Pick<Ports, 'lanes' | 'random'> {
  readonly ledger: Ledger;
  readonly workspaces: WorkspaceReads;
  readonly limits: MessageLimits;
  readonly waits: MessageWaits;
  readonly live: LiveAnswers;
  readonly onQueued: () => void;
}

/** Tasks read at once for a page, and what a page may hold before it ends early. */
const CHUNK = 10;
const PAGE_BYTES = 4 * 1024 * 1024;

export function createTasks(deps: TasksDeps): Tasks {
  const { lanes, ledger } = deps;
  const db = lanes.control;

  async function record(turn: NewTurn, messageId: string): Promise<NewMessage | null> {
    const { target, callerId, task } = turn;
    const now = reach(target);
    if (now.kind === 'refused') refuseUnreachable(now.why, target);
    // In the inbox of a polling agent nobody here holds it: it is open until the agent reports on it, or its deadline.
    const inbox = now.kind === 'poll';
    const message: NewMessage = {
      id: deps.random.uuidv7(),
      kind: callerId === null ? 'chat' : 'peer',
      callerId,
      targetId: target.id,
      messageId,
      method: turn.method,
      body: toStorableJson(turn.body),
      taskPreview: firstCharacters(turn.text, PREVIEW_CHARACTERS),
      state: inbox ? 'working' : 'queued',
      lease: null,
      deadlineMs: inbox ? deps.limits.delegationDeadlineMs : null,
      contextId: turn.contextId,
      ...(task === null ? {} : { taskId: task.id }),
      delegation: null,
    };
    if (!(await ledger.record({ message, targetName: target.name }))) return null;
    if (!inbox) deps.onQueued();
    return message;
  }

  const findRepeated = async ({ target, callerId }: NewTurn, messageId: string): Promise<RecordedMessage> => {
    const recorded = await findRecorded(db, target.id, messageId);
    if (!recorded) {
      refuse('loop_refused', { text: 'message refused by a loop limit (depth: too many agents in one chain)' });
    }
    if (recorded.callerId !== callerId) refuse('duplicate_message');
    return recorded;
  };

  return {
    async submit(turn) {
      if (turn.messageId.length > MESSAGE_ID_CHARACTERS_MAX) {
        refuse('invalid_json', { text: `messageId is longer than ${MESSAGE_ID_CHARACTERS_MAX} characters` });
      }
      ensureBudget(turn.target);
      const recorded = await record(turn, turn.messageId);
      if (recorded) return recorded.taskId ?? recorded.id;
      const repeated = await findRepeated(turn, turn.messageId);
      const began = repeated.taskId === null ? repeated.id : null;
      if (turn.task === null || began !== turn.task.id) return repeated.taskId ?? repeated.id;
      // The answer bears the id of the message that led to the question. It is another message all the same.
      const answerId = `${turn.messageId}\n${turn.task.id}`;
      if (!(await record(turn, answerId))) await findRepeated(turn, answerId);
      return turn.task.id;
    },

    async find(scope, id) {
      const uuid = parseUuid(id);
      if (uuid === null || !(await isInScope(db, uuid, scope))) return null;
      const [task] = await readTasks(db, [uuid]);
      return task ?? null;
    },

    async list(scope, filter, { before, size }) {
      const { keys, lookedTo } = await listTaskKeys(db, scope, filter, { beforeSeq: before, limit: size + 1 });
      const wanted = keys.slice(0, size);
      const tasks: TaskRecord[] = [];
      let bytes = 0;
      while (tasks.length < wanted.length && bytes < PAGE_BYTES) {
        const chunk = await readTasks(
          db,
          wanted.slice(tasks.length, tasks.length + CHUNK).map(({ id }) => id),
        );
        // Swept away meanwhile: the next page goes on behind them.
        if (chunk.length === 0) break;
        tasks.push(...chunk);
        bytes += JSON.stringify(chunk).length;
      }
      const last = keys.find(({ id }) => id === tasks.at(-1)?.id);
      const more = keys.length > tasks.length && last !== undefined;
      return { tasks, next: more ? last.seq : lookedTo, total: await countTasks(db, scope, filter) };
    },

    async cancel({ turns }, targetId) {
      const open = turns.findLast(({ state }) => !hasEnded(state));
      if (!open || open !== turns.at(-1)) return false;
      const { id, callerId, state } = open;
      const messageId = open.method === RECORDED_METHOD ? null : open.messageId;
      return giveUp(deps, { id, callerId, targetId, state, messageId }, 'canceled by its caller');
    },

    isIdle: (target) => reach(target).kind !== 'push',

    watch(turnId, ms, clientGone) {
      const wait = deps.waits.wait(turnId, ms, clientGone);
      let events: string[] = [];
      const answer = deps.live.follow(turnId, (data) => {
        events.push(data);
        wait.wakeUp();
      });
      return {
        next: () => wait.next(),
        isOver: () => wait.isOver(),
        takeEvents() {
          const taken = events;
          events = [];
          return taken;
        },
        takeArtifacts() {
          events = [];
          return answer.artifacts();
        },
        done() {
          answer.close();
          wait.done();
        },
      };
    },
  };
}
