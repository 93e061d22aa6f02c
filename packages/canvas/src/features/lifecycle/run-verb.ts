import type { Workspace } from '@molecule/contract';
import { ApiError, type Client } from '@molecule/contract/client';
import type { LifecycleVerb } from '../../model/lifecycle-verbs.js';
import { type Problem, problemOf } from '../../model/problem.js';

export interface VerbRequest {
  readonly verb: LifecycleVerb;
  readonly agent: Workspace;
  /** Whether the person has seen and named everybody who goes with it; without it the server refuses to cascade. */
  readonly cascade?: boolean;
  /** Hibernate although it is at work. */
  readonly force?: boolean;
  /** Restart with the stored template laid over the configuration. */
  readonly applyTemplate?: boolean;
}

/** What came of it, for a toast. */
export interface Told {
  readonly title: string;
  readonly note: string | null;
  readonly tone: 'done' | 'warning';
}

/** Members came in after the dialog had been read. */
class NewMembersError extends Error {
  override readonly name = 'NewMembersError';
}

/** The server waits up to 10 s for instances to stop before it answers a verb that reports it. */
const STOP_WAIT = { timeoutMs: 60_000 };

export async function runVerb(client: Client, request: VerbRequest): Promise<Told> {
  const { verb, agent } = request;
  const params = { id: agent.id };
  switch (verb) {
    case 'restart':
    case 'wake': {
      // By its name as well: alone, the flag prefers a template that is called like the agent over the stored one.
      const choice = request.applyTemplate ? { template: agent.template, apply_template: true } : {};
      const { body } = await client.call('restartWorkspace', { params, body: choice });
      if (body.status === 'noop')
        return { title: `${agent.name} was not restarted`, note: body.message, tone: 'warning' };
      const note = body.template_applied ? `The template "${body.config_dir}" is laid over its configuration.` : null;
      return done(`${agent.name} is starting`, note);
    }
    case 'resume': {
      const { body } = await client.call('resumeWorkspace', { params });
      return done(body.resumed_count === 1 ? `Resumed ${agent.name}` : `Resumed ${body.resumed_count} agents`);
    }
    case 'hibernate': {
      const query = request.force ? { force: true } : {};
      const { body } = await client.call('hibernateWorkspace', { params, query }, STOP_WAIT);
      const open = body.status === 'hibernated' ? null : 'It is still being stopped; the server goes on with that.';
      return done(`${agent.name} hibernates until a message wakes it`, open);
    }
    case 'pause': {
      const { body } = await client.call('pauseWorkspace', { params }, STOP_WAIT);
      const title = body.paused_count === 1 ? `Paused ${agent.name}` : `Paused ${body.paused_count} agents`;
      return withStopFailures(title, null, body.stop_failures ?? 0);
    }
    case 'collapse': {
      const { body } = await client.call('collapseWorkspace', { params }, STOP_WAIT);
      return withStopFailures(
        `Removed everything below ${agent.name}`,
        body.removed.join(', '),
        body.stop_failures ?? 0,
      );
    }
    case 'remove': {
      const query = request.cascade ? { confirm: true } : {};
      const { status, body } = await client.call('deleteWorkspace', { params, query }, STOP_WAIT);
      if (status === 409) throw new NewMembersError(body.children.map((child) => child.name).join(', '));
      const below = body.cascade_deleted;
      return done(
        `Removed ${agent.name}`,
        below === 0 ? null : `and ${below === 1 ? 'one agent' : `${below} agents`} below it`,
      );
    }
  }
}

/** Why it did not come off, in words; some refusals of these verbs say more than their text. */
export function verbProblemOf(error: unknown): Problem {
  if (error instanceof NewMembersError) {
    return {
      title: 'It has got members in the meantime',
      advice: `${error.message}. Look again before you remove them as well.`,
      code: null,
      retryable: true,
      retryAfterSeconds: null,
    };
  }
  const problem = problemOf(error);
  const reason = fieldOf(error, 'reason');
  return typeof reason === 'string' ? { ...problem, advice: `${problem.advice} The reason: ${reason}.` } : problem;
}

/** The tasks an agent is at, when that is why the server refused to hibernate it; null otherwise. */
export function busyTasksOf(error: unknown): number | null {
  if (!(error instanceof ApiError) || error.code !== 'workspace_busy') return null;
  const tasks = fieldOf(error, 'active_tasks');
  return typeof tasks === 'number' ? tasks : 1;
}

function done(title: string, note: string | null = null): Told {
  return { title, note, tone: 'done' };
}

function withStopFailures(title: string, note: string | null, failures: number): Told {
  if (failures === 0) return done(title, note);
  const count = failures === 1 ? 'One of them' : `${failures} of them`;
  return { title, note: `${count} could not be stopped yet; the server goes on trying.`, tone: 'warning' };
}

function fieldOf(error: unknown, name: string): unknown {
  const body: unknown = error instanceof ApiError ? error.body : null;
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}
