import type { Activity } from '@molecule/contract';
import { failureOfReply, textOfReply } from '@molecule/contract/a2a';
import { ApiError, UnreachableError } from '@molecule/contract/client';
import { sleep } from './clock.js';
import type { Context } from './command.js';
import type { Turn } from './commands/chat.js';

const LOOK_EVERY_MS = 700;
const ROWS = 100;

interface Answer {
  readonly text: string;
  /** Null when the agent answered. */
  readonly failure: string | null;
}

/**
 * The answer to a recorded message is the row of the activity log that carries its id: written when the message was
 * accepted, ended when the agent was done. Throws the deadline's reason when it passes; until then a server that is
 * away (a restart) is waited for.
 */
export async function waitForAnswer(context: Context, turn: Turn): Promise<Answer> {
  for (;;) {
    const { row, retryAfterMs } = await look(context, turn);
    const answer = row && toAnswer(row);
    if (answer) return answer;
    await sleep(retryAfterMs, turn.deadline);
    turn.deadline.throwIfAborted();
  }
}

async function look(context: Context, turn: Turn): Promise<{ row: Activity | undefined; retryAfterMs: number }> {
  try {
    const { body } = await context.client().call(
      'listActivity',
      {
        params: { id: turn.workspace.id },
        query: { type: 'a2a_receive', limit: ROWS },
      },
      { signal: turn.deadline },
    );
    return { row: body.find((activity) => activity.message_id === turn.messageId), retryAfterMs: LOOK_EVERY_MS };
  } catch (error) {
    const passing = error instanceof UnreachableError || (error instanceof ApiError && error.retry);
    if (!passing || turn.deadline.aborted) throw error;
    const seconds = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) : 0;
    return { row: undefined, retryAfterMs: Math.max(LOOK_EVERY_MS, seconds * 1000) };
  }
}

function toAnswer(row: Activity): Answer | null {
  if (row.status === 'error') return { text: '', failure: row.error_detail ?? 'no reason was given' };
  // An accepted message has no duration; an answered one has at least a millisecond (contract registry-a2a §8.8).
  if (row.response_body === undefined && !row.duration_ms) return null;
  return { text: textOfReply(row.response_body), failure: failureOfReply(row.response_body) };
}
