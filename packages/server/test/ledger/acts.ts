import { toEnvelope } from '../messages-world.js';
import type { LedgerCluster } from './cluster.js';
import type { Replica } from './replica.js';
import type { Act, Target } from './steps.js';

/** A run under way, and what was promised on the way. */
export interface Course {
  /** Its number, for texts that no other run has. */
  readonly run: number;
  readonly lead: string;
  readonly targets: Readonly<Record<Target, string>>;
  /** Ids of delegations that somebody was promised. */
  readonly promised: Set<string>;
  /** Messages that were. */
  readonly promisedMessages: { readonly target: Target; readonly messageId: string }[];
  /** The delegations with who may report on them, in the order in which they were promised. */
  readonly delegations: { readonly id: string; readonly reporter: string }[];
  /** Requests that nobody has answered yet. */
  readonly pending: Map<Promise<void>, { readonly messageId: string; readonly replica: Replica }>;
  tasks: number;
}

/** Does one thing. Resolves when it is done; a message that is sent is not waited for. */
export async function act(cluster: LedgerCluster, course: Course, doing: Act): Promise<void> {
  const replica = cluster.replicaAt(doing.via);
  const own = `/workspaces/${course.lead}`;
  const chosen =
    'pick' in doing && course.delegations.length > 0
      ? course.delegations[doing.pick % course.delegations.length]
      : undefined;
  switch (doing.do) {
    case 'send':
      send(cluster, course, doing, replica);
      return;
    case 'delegate': {
      const target = course.targets[doing.to];
      const key = doing.key === null ? {} : { idempotency_key: `key ${doing.key}` };
      await delegate(cluster, course, replica, `${own}/delegate`, target, {
        target_id: target,
        task: `task ${++course.tasks} of run ${course.run}`,
        ...key,
      });
      return;
    }
    case 'record': {
      const id = replica.world.ports.random.uuid();
      const body = { delegation_id: id, target_id: course.targets[doing.to], task: `recorded ${++course.tasks}` };
      const reply = await cluster.ask(replica, (world) => world.post(`${own}/delegations/record`, body));
      if (reply?.status === 202) promise(course, id, course.lead);
      return;
    }
    case 'report': {
      if (!chosen) return;
      const path = `/workspaces/${chosen.reporter}/delegations/${chosen.id}/update`;
      const body = { status: doing.status, response_preview: 'as reported', error: 'a failure as reported' };
      await cluster.ask(replica, (world) => world.post(path, body));
      return;
    }
    case 'cancel':
      if (!chosen) return;
      await cluster.ask(replica, (world) => world.post(`${own}/delegations/${chosen.id}/cancel`, {}));
      return;
    case 'retry':
      if (!chosen) return;
      await delegate(cluster, course, replica, `${own}/delegations/${chosen.id}/retry`, chosen.reporter, {});
      return;
    case 'drop':
      await cluster.ask(replica, (world) => world.post('/admin/a2a-queue/drop-stale?max_age_minutes=30', {}));
      return;
    case 'run':
      await cluster.ask(replica, (world) => world.messages.loops[doing.loop].runOnce());
      return;
    default:
      doing satisfies never;
  }
}

function send(
  cluster: LedgerCluster,
  course: Course,
  { to, as, n, method, hurried }: Extract<Act, { do: 'send' }>,
  replica: Replica,
): void {
  const messageId = `${as} ${n} to ${to} of run ${course.run}`;
  const note = (): void => void course.promisedMessages.push({ target: to, messageId });
  const sending = cluster
    .ask(replica, (world) =>
      world.send(course.targets[to], toEnvelope(messageId, messageId, method), {
        ...(as === 'lead' ? { caller: course.lead } : {}),
        ...(hurried ? { headers: { 'x-timeout': '30' } } : {}),
      }),
    )
    .then(
      (reply) => {
        if (reply !== null && reply.status < 300) note();
      },
      (error: unknown) => {
        // A stream that broke off has promised what it began with: its status came after the row.
        if (!isTornStream(error)) throw error;
        note();
      },
    )
    .finally(() => course.pending.delete(sending));
  course.pending.set(sending, { messageId, replica });
}

async function delegate(
  cluster: LedgerCluster,
  course: Course,
  replica: Replica,
  path: string,
  reporter: string,
  body: object,
): Promise<void> {
  const reply = await cluster.ask(replica, (world) => world.post(path, body));
  if (reply === null || reply.status >= 300) return;
  const id = String(reply.json.delegation_id);
  if (!course.promised.has(id)) promise(course, id, reporter);
}

function promise({ promised, delegations }: Course, id: string, reporter: string): void {
  promised.add(id);
  delegations.push({ id, reporter });
}

function isTornStream(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'LIGHT_ECONNRESET';
}
