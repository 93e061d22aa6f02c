import { PassThrough } from 'node:stream';
import { waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { createWorkspacesWorld, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { readEvents } from '../../platform/event-log.js';
import { createLogger } from '../../platform/logger.js';

const database = useTestDatabase();
const DETAIL = 'cannot read properties of undefined';
let world: WorkspacesWorld;
let log: string;

beforeEach(async () => {
  log = '';
  const lines = new PassThrough();
  lines.on('data', (chunk) => {
    log += String(chunk);
  });
  world = createWorkspacesWorld(database.url, { logger: createLogger({ level: 'info', destination: lines }) });
  await world.ports.start();
});
afterEach(() => world.close());

const bug = () => new TypeError(DETAIL);
const never = new AbortController().signal;

async function create(): Promise<string> {
  return (await world.workspaces.verbs.create({ name: 'Doomed', runtime: 'echo' }, 'http://x')).id;
}

function row(id: string) {
  return world.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

async function createRunning(): Promise<string> {
  const id = await create();
  await waitFor(async () => (await row(id)).instance_state === 'running');
  return id;
}

async function failuresOf(id: string) {
  const told = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 100, workspaceId: id });
  return told.flatMap((event) => (event.type === 'WORKSPACE_PROVISION_FAILED' ? [event.payload] : []));
}

/** Failed once, in general words, with the details in the log under the id of the workspace. */
async function expectFailedAtOnce(id: string): Promise<void> {
  await waitFor(async () => (await row(id)).status === 'failed');
  const failed = await row(id);
  expect(failed.last_sample_error).toMatch(/failed in a way it must not/);
  expect(await failuresOf(id)).toEqual([{ error: failed.last_sample_error, reason: 'start_failed' }]);
  expect(log.split('\n').filter((line) => line.includes(id) && line.includes(DETAIL))).toHaveLength(1);
}

/** The server goes on: others start. */
async function expectOthersStart(): Promise<void> {
  for (const verb of ['start', 'stop', 'destroy', 'inspect'] as const) world.backend.breakVerb(verb, null);
  await createRunning();
}

describe('a backend with a bug', () => {
  it.each(['start', 'inspect'] as const)('R12: that throws from %s fails a first start at once', async (verb) => {
    world.backend.breakVerb(verb, bug());
    await expectFailedAtOnce(await create());
    await expectOthersStart();
  });

  it.each(['stop', 'start', 'inspect'] as const)('R12: that throws from %s fails a restart at once', async (verb) => {
    const id = await createRunning();
    world.backend.breakVerb(verb, bug());
    await world.workspaces.lifecycle.restart(id, {});
    await expectFailedAtOnce(id);
    await expectOthersStart();
  });

  it('R12: that throws when an agent is stopped leaves the reason with the caller, and the stop is tried again', async () => {
    const id = await createRunning();
    world.backend.breakVerb('stop', bug());
    expect(await world.workspaces.lifecycle.pause(id, never)).toEqual({ count: 1, stopFailures: 1 });
    expect(await row(id)).toMatchObject({
      status: 'paused',
      instance_state: 'unknown',
      stop_error: expect.stringMatching(/failed in a way it must not/),
    });
    expect(log).toContain(DETAIL);
    await expectOthersStart();
  });

  it('R12: that throws when a workspace is deleted makes the delete fail, visibly', async () => {
    const id = await createRunning();
    world.backend.breakVerb('destroy', bug());
    const removal = world.workspaces.verbs.remove(id, { confirm: true, purge: false }, never);
    await expect(removal).rejects.toMatchObject({ code: 'stop_failed' });
    await expectOthersStart();
  });

  it('R12, R43: that throws when asked about a running agent changes nothing of it', async () => {
    const id = await createRunning();
    world.backend.breakVerb('list', bug());
    world.backend.breakVerb('inspect', bug());
    await world.ports.runLoop('orphan-sweep');
    await world.ports.runLoop('health-sweep');
    expect(await row(id)).toMatchObject({ instance_state: 'running', last_sample_error: null });
    expect(await failuresOf(id)).toEqual([]);
    world.backend.breakVerb('list', null);
    await expectOthersStart();
  });
});
