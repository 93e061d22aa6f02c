import { DELEGATION_STATES } from '@molecule/contract';
import { FAILURES_MAX } from './decide.js';
import { DEFAULT_MESSAGE_LIMITS as limits } from './limits.js';
import { REASONS } from './reasons.js';
import { RESTART_CONTEXT_WAITS_MS } from './restart-context.js';

/** The page `docs/spec/messaging.md`: its numbers and its list of reasons are those of the code. */
export function messagingPage(): string {
  return `# Messages

Generated from \`packages/server/src/features/messages\` by \`npm run gen\`.

Everything that one party sends to another is a row of the ledger: what a person writes to an agent, what agents write to
each other, and what they delegate. The busy queue, the inbox of a polling agent, the lists of delegations, the tasks of
the [standard A2A endpoints](../guides/talk-a2a-to-a-workspace.md), and what operators see are views of it; the activity
log is its projection.

## What is promised

- **Recorded before acknowledged.** The row is committed before the first byte leaves for the agent and before any 2xx
  that promises something. A message that was answered with 2xx is never lost: it is answered, or it fails visibly.
- **At least once, with an id.** Every delivery of a message carries the same message id. The runtime of this project
  keeps a journal by that id, so for its agents the *effect* is once. An agent that keeps none may see a message twice only
  where nothing else would deliver it at all.
- **Never sent blindly a second time.** When a connection breaks after the request left, the agent is asked by
  \`tasks/get\` what became of the message id. Only "unknown" leads to another delivery. An agent that cannot be asked is
  not: the message fails with the reason \`interrupted\`.
- **One end.** A message ends once. Later answers, repeated reports and late sweeps change nothing; they are answered with
  what is stored. The result of a delegation that was given up before it came, at its deadline, for want of a sign of life, because
  the connection broke or because its target had failed, reaches its caller's inbox once, marked \`late\`; one that its
  caller canceled brings none.
- **The result is in the inbox when the row ends**, in the same transaction: a caller that waits, one that polls and one
  that comes back tomorrow read the same thing.
- **Order** is kept per target: messages leave in the order in which they were accepted, as far as the target takes more
  than one at a time. Nothing is promised across targets.
- **Not promised**: that an agent does what it is asked, that it stops when it is told to cancel, and that an agent of
  somebody else's making runs a message only once.

## The life of a delegation

On the wire it is in one of the states ${DELEGATION_STATES.map((state) => `\`${state}\``).join(', ')}; it only moves to the
right, and the last three never change.

| state | means |
|---|---|
| \`queued\` | recorded; waits for its target to be online, to have a free place, or to fetch it |
| \`dispatched\` | handed to the target |
| \`in_progress\` | the target showed that it is at work: a beat with active tasks, a streamed event, or a report |
| \`completed\` | answered, be it with a question: whoever can answer that delegates again |
| \`failed\` | ended without an answer, for one of the reasons below; canceled ones count here |
| \`stuck\` | the target stopped reporting; a late result still reaches the inbox |

It ends at its deadline (${hours(limits.delegationDeadlineMs)} h after it was given) at the latest. One under way whose target
has been silent for ${limits.stuckAfterSeconds} s is stuck; one that never began is left to its deadline. Silence while this
server was away does not count.

| to | call |
|---|---|
| delegate | \`POST /workspaces/:id/delegate\`; the same \`idempotency_key\` makes one delegation, a failed one gives its key up |
| wait for the end | \`GET /workspaces/:id/delegations/:delegationId?wait=25\`, again and again |
| report on one in your inbox, or on a task of A2A there | \`POST /workspaces/:self/delegations/:delegationId/update\` |
| record one that you made past the platform | \`POST /workspaces/:self/delegations/record\`, then \`…/update\` |
| give one up | \`POST /workspaces/:id/delegations/:delegationId/cancel\` |
| see everybody's | \`GET /admin/delegations\`, \`GET /admin/delegations/stats\` |
| see and clear what waits | \`GET /admin/a2a-queue\`, \`POST /admin/a2a-queue/drop-stale\` |

## When a delivery does not succeed

| what happened | what follows |
|---|---|
| the target is busy | it waits on the same row and is tried again; being busy never uses a message up |
| it is asleep | it is woken, and the message is kept and delivered |
| it is starting, offline, or lost its host | the message waits until it is online |
| nothing was sent: the connection was refused | tried again with growing pauses, at most ${FAILURES_MAX} times; for agents of others twice |
| 502, or 503 \`restarting\` | once more after 8 s |
| the connection broke after the request left | the agent is asked; see above |
| the agent answered with an error | failed, with what it said |
| it still waits after ${hours(limits.queuedMaxMs)} h, and has no deadline of its own | failed, with the reason \`expired\` |

## What the server itself says

After a restart that a person asked for, the new instance is told so: when, how long it was away, and the names of the
variables it has now, never their values. It is a row of the ledger (kind \`system\`) written with the restart, and goes to
the instance of that restart only; a further restart before that takes its place. It takes no place of the target and no
budget, goes before what waits, wakes nobody, and is in no chat, activity or inbox. An instance that is not online within
${RESTART_CONTEXT_WAITS_MS / 1_000} s goes to work untold. The runtime of this project acknowledges it at once and takes it into its next turn.

## Why a message failed

The closed list. A reason is stored on the row, shown where the message is shown, and returned to the agent that
delegated. *Resend* says whether the same message id may be sent once more: nothing was started under it, or
its agent would know it again.

| reason | resend | next step |
|---|---|---|
${Object.entries(REASONS)
  .map(([name, { mayResend, next }]) => `| \`${name}\` | ${mayResend ? 'yes' : 'no'} | ${next} |`)
  .join('\n')}

## Loop breakers

Agents that answer each other without end cost money all night. A delegation beyond a limit is refused at once with 429
\`loop_refused\`, which names the limit; \`GET /admin/breakers\` shows who is near one.

| limit | default |
|---|---|
| delegations below one message (depth) | ${limits.depthMax} |
| open delegations of one caller | ${limits.openMax} |
| the same task from one caller to one target within ${limits.sameWithinSeconds / 60} min | ${limits.sameMax} |
`;
}

function hours(ms: number): number {
  return ms / 3_600_000;
}
