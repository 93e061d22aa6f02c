import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Workspace, workspaceRoutes } from '@molecule/contract';
import { createFakeClock } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { HTTP_DEFAULTS } from '../../../test/http-defaults.js';
import { createWorkspacesWorld, type WorkspacesWorld } from '../../../test/workspaces-world.js';
import { createSystemClock } from '../../platform/clock.js';
import { readEvents } from '../../platform/event-log.js';
import { createHttpServer } from '../../platform/http/http-server.js';
import { createTemplates } from '../templates/index.js';

const database = useTestDatabase();
const cleanups: (() => unknown)[] = [];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'molecule-templates-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** The feature as it is composed, with real template folders. No agent is ever started: only the sweep is run, by hand. */
function open(given: { templates?: Record<string, string>; variableSeconds?: number } = {}) {
  for (const [name, config] of Object.entries(given.templates ?? {})) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'config.yaml'), config);
  }
  const clock = createFakeClock();
  const world = createWorkspacesWorld(database.url, {
    clock,
    ...(given.variableSeconds === undefined ? {} : { provisionTimeoutSeconds: given.variableSeconds }),
    sources: (ports) => ({
      templates: createTemplates({
        ...ports,
        userFolder: folder,
        ownFolder: join(folder, 'own'),
        builtInFolder: join(folder, 'none'),
      }),
      secrets: {
        checkNames: () => {},
        writeWorkspaceSecrets: async () => {},
        readFor: async () => ({ values: {}, confidential: [] }),
      },
    }),
  });
  cleanups.push(() => world.close());
  return {
    world,
    create: async (runtime: string) =>
      (await world.workspaces.verbs.create({ name: runtime, runtime }, 'http://localhost')).id,
    /** The sweep sees these starts at this age, having been there all the time. */
    async sweepAt(ids: readonly string[], minutes: number) {
      await sql`
        update workspaces set status_changed_at = now() - ${minutes}::integer * interval '1 minute'
         where id = any(${[...ids]}::uuid[])`.execute(world.ports.lanes.control);
      for (let minute = 0; minute <= minutes; minute += 1) {
        await world.ports.runLoop('provision-timeout-sweep');
        await clock.advance(60_000);
      }
    },
    status: async (id: string) => (await row(world, id)).status,
    shown: (id: string) => shownTimeouts(world, id),
    limitInEvent: async (id: string) => {
      const events = await readEvents(world.ports.lanes.control, { afterSeq: 0, limit: 100, workspaceId: id });
      const failed = events.find((event) => event.type === 'WORKSPACE_PROVISION_FAILED');
      return (failed?.payload as { timeout_secs?: number } | undefined)?.timeout_secs;
    },
  };
}

function row(world: WorkspacesWorld, id: string) {
  return world.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

/** What the list and the single read tell a canvas. */
async function shownTimeouts(world: WorkspacesWorld, id: string): Promise<(number | undefined)[]> {
  const { listWorkspaces, getWorkspace } = world.workspaces.handlers;
  const http = await createHttpServer({
    routes: { listWorkspaces: workspaceRoutes.listWorkspaces, getWorkspace: workspaceRoutes.getWorkspace },
    handlers: { listWorkspaces, getWorkspace },
    gate: async () => ({ kind: 'admin' as const }),
    rateLimit: null,
    ...HTTP_DEFAULTS,
    requestId: () => world.ports.random.uuidv7(),
    logger: world.ports.logger,
    clock: createSystemClock(),
    observe: () => {},
    isDraining: () => false,
  });
  try {
    const listed: Workspace[] = (await http.inject('/workspaces')).json();
    const single: Workspace = (await http.inject(`/workspaces/${id}`)).json();
    return [listed.find((one) => one.id === id)?.provision_timeout_ms, single.provision_timeout_ms];
  } finally {
    await http.close();
  }
}

const manifest = (runtime: string, seconds: number) =>
  `name: T\nruntime: ${runtime}\nruntime_config: { provision_timeout_seconds: ${seconds} }\n`;

describe('the time a start may take', () => {
  it('R16: is the longest a template declares for the runtime, for the sweep and for the canvas alike', async () => {
    const given = open({ templates: { slow: manifest('echo', 1_200), quick: manifest('echo', 60) } });
    const id = await given.create('echo');
    expect(await given.shown(id)).toEqual([1_200_000, 1_200_000]);
    await given.sweepAt([id], 11);
    expect(await given.status(id)).toBe('provisioning');
    await given.sweepAt([id], 21);
    expect(await given.status(id)).toBe('failed');
    expect(await given.limitInEvent(id)).toBe(1_200);
  });

  it('R16: is what PROVISION_TIMEOUT_SECONDS says before any template, for the sweep and for the canvas alike', async () => {
    const given = open({ templates: { slow: manifest('echo', 1_200) }, variableSeconds: 300 });
    const ids = [await given.create('echo'), await given.create('hermes'), await given.create('llm')];
    for (const id of ids) expect(await given.shown(id)).toEqual([300_000, 300_000]);
    await given.sweepAt(ids, 4);
    for (const id of ids) expect(await given.status(id)).toBe('provisioning');
    await given.sweepAt(ids, 6);
    for (const id of ids) {
      expect(await given.status(id)).toBe('failed');
      expect(await given.limitInEvent(id)).toBe(300);
    }
  });

  it('R16: is 30 minutes for hermes and 10 for others when nothing is declared, and the canvas keeps its own', async () => {
    const given = open();
    const hermes = await given.create('hermes');
    const other = await given.create('echo');
    for (const id of [hermes, other]) expect(await given.shown(id)).toEqual([undefined, undefined]);
    await given.sweepAt([hermes, other], 9);
    for (const id of [hermes, other]) expect(await given.status(id)).toBe('provisioning');
    await given.sweepAt([hermes, other], 11);
    expect(await given.status(hermes)).toBe('provisioning');
    expect(await given.status(other)).toBe('failed');
    expect(await given.limitInEvent(other)).toBe(600);
    await given.sweepAt([hermes], 31);
    expect(await given.status(hermes)).toBe('failed');
    expect(await given.limitInEvent(hermes)).toBe(1_800);
  });

  it('R16: a template of hermes beats its 30 minutes', async () => {
    const given = open({ templates: { quick: manifest('hermes', 900) } });
    const id = await given.create('hermes');
    expect(await given.shown(id)).toEqual([900_000, 900_000]);
    await given.sweepAt([id], 14);
    expect(await given.status(id)).toBe('provisioning');
    await given.sweepAt([id], 16);
    expect(await given.status(id)).toBe('failed');
  });
});
