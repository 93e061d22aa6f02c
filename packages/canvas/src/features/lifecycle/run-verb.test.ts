import { describe, expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { type Answers, createFakeServer, json, refusal } from '../../testing/fake-server.js';
import { busyTasksOf, runVerb, type VerbRequest, verbProblemOf } from './run-verb.js';

const agent = buildWorkspace({ id: 'w1', name: 'Lead', template: 'starter-lead' });
type Asked = Omit<VerbRequest, 'agent'>;

/** What the server was asked, and what a person is told. */
const run = async (request: Asked, key: string, answer: () => Response) => {
  const bodies: unknown[] = [];
  const answers: Answers = {
    [key]: ({ body }) => {
      bodies.push(body);
      return answer();
    },
  };
  const { client, requests } = createFakeServer(answers);
  return { told: await runVerb(client, { agent, ...request }), requests, bodies };
};
const failureOf = (request: Asked, key: string, answer: () => Response): Promise<unknown> =>
  run(request, key, answer).then(
    () => expect.fail('the verb came off'),
    (error: unknown) => error,
  );

describe('what the server is asked', () => {
  const started = () =>
    json({ status: 'provisioning', config_dir: 'existing-volume', template_applied: false, reset_session: false });

  it.each([
    [{ verb: 'restart' }, {}],
    [
      { verb: 'restart', applyTemplate: true },
      { template: 'starter-lead', apply_template: true },
    ],
    [{ verb: 'wake' }, {}],
  ] as const)('%o', async (request, body) => {
    expect((await run(request, 'POST /workspaces/w1/restart', started)).bodies).toEqual([body]);
  });

  it('a forced hibernation only when it was confirmed', async () => {
    const ask = (request: Asked) => run(request, 'POST /workspaces/w1/hibernate', () => json({ status: 'hibernated' }));
    expect((await ask({ verb: 'hibernate' })).requests).toEqual(['POST /workspaces/w1/hibernate']);
    expect((await ask({ verb: 'hibernate', force: true })).requests[0]).toContain('force=true');
  });

  it('a cascade only for members that were named', async () => {
    const removed = () => json({ status: 'removed', cascade_deleted: 0 });
    const ask = (cascade: boolean) => run({ verb: 'remove', cascade }, 'DELETE /workspaces/w1', removed);
    expect((await ask(false)).requests).toEqual(['DELETE /workspaces/w1']);
    expect((await ask(true)).requests[0]).toContain('confirm=true');
  });
});

describe('what is told', () => {
  it.each([
    ['pause', 'POST /workspaces/w1/pause', { status: 'paused', paused_count: 1 }, 'Paused Lead'],
    ['pause', 'POST /workspaces/w1/pause', { status: 'paused', paused_count: 3 }, 'Paused 3 agents'],
    ['resume', 'POST /workspaces/w1/resume', { status: 'provisioning', resumed_count: 3 }, 'Resumed 3 agents'],
    [
      'collapse',
      'POST /workspaces/w1/collapse',
      { status: 'collapsed', removed: ['A'] },
      'Removed everything below Lead',
    ],
    ['remove', 'DELETE /workspaces/w1', { status: 'removed', cascade_deleted: 2 }, 'Removed Lead'],
  ] as const)('%s: %s %o is "%s"', async (verb, key, body, title) => {
    expect((await run({ verb }, key, () => json(body))).told).toMatchObject({ title, tone: 'done' });
  });

  it('instances that could not be stopped are told with their number', async () => {
    const body = { status: 'paused', paused_count: 3, stop_failures: 2 };
    const { told } = await run({ verb: 'pause' }, 'POST /workspaces/w1/pause', () => json(body));
    expect(told).toMatchObject({ tone: 'warning', note: expect.stringMatching(/^2 of them could not be stopped yet/) });
  });

  it('a hibernation that takes its time is told as such', async () => {
    const answer = () => json({ status: 'hibernating' }, 202);
    const { told } = await run({ verb: 'hibernate' }, 'POST /workspaces/w1/hibernate', answer);
    expect(told.note).toContain('still being stopped');
  });

  it('a template that a restart applies is named', async () => {
    const body = { status: 'provisioning', config_dir: 'writer', template_applied: true, reset_session: false };
    const { told } = await run({ verb: 'restart' }, 'POST /workspaces/w1/restart', () => json(body));
    expect(told.note).toBe('The template "writer" is laid over its configuration.');
  });
});

describe('what went wrong', () => {
  it('is the error and the help of the server', async () => {
    const text = 'parent workspace "Chief" is paused — resume it first';
    const refused = () => refusal(409, 'ancestor_paused', text);
    const error = await failureOf({ verb: 'resume' }, 'POST /workspaces/w1/resume', refused);
    expect(verbProblemOf(error)).toMatchObject({
      title: `Parent workspace "Chief" is paused — resume it first`,
      advice: 'Help for ancestor_paused.',
    });
    expect(busyTasksOf(error)).toBeNull();
  });

  it('is why an instance could not be stopped', async () => {
    const body = {
      error: 'no',
      code: 'hibernation_failed',
      retry: true,
      help: 'Repeat.',
      reason: 'it ignores signals',
    };
    const answer = () => json(body, 500);
    const error = await failureOf({ verb: 'hibernate' }, 'POST /workspaces/w1/hibernate', answer);
    expect(verbProblemOf(error).advice).toBe('Repeat. The reason: it ignores signals.');
  });

  it('is the number of tasks in the way', async () => {
    const body = { error: 'busy', code: 'workspace_busy', retry: true, active_tasks: 2 };
    const answer = () => json(body, 409);
    const error = await failureOf({ verb: 'hibernate' }, 'POST /workspaces/w1/hibernate', answer);
    expect(busyTasksOf(error)).toBe(2);
  });

  it('is who came in since the dialog was read', async () => {
    const body = {
      status: 'confirmation_required',
      message: 'm',
      children: [{ id: 'c', name: 'Newcomer' }],
      children_count: 1,
    };
    const error = await failureOf({ verb: 'remove' }, 'DELETE /workspaces/w1', () => json(body, 409));
    expect(verbProblemOf(error)).toMatchObject({
      title: 'It has got members in the meantime',
      advice: expect.stringMatching(/^Newcomer\. /),
    });
  });
});
