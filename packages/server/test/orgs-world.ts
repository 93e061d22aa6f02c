import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  bundleRoutes,
  chosenModelRoutes,
  type Method,
  orgRoutes,
  secretRoutes,
  workspaceRoutes,
} from '@molecule/contract';
import { createBundleHandlers } from '../src/features/bundles/index.js';
import { createChannels } from '../src/features/channels/index.js';
import { createImportWriter, createOrgs } from '../src/features/orgs/index.js';
import { createSchedules } from '../src/features/schedules/index.js';
import { createSecretHandlers, createSecrets, type Secrets } from '../src/features/secrets/index.js';
import { createTemplates, type Templates } from '../src/features/templates/index.js';
import { workspaceReads } from '../src/features/workspaces/index.js';
import { createSystemClock } from '../src/platform/clock.js';
import type { LaneSizes } from '../src/platform/db.js';
import { AppError } from '../src/platform/http/app-error.js';
import { createHttpServer } from '../src/platform/http/http-server.js';
import { HTTP_DEFAULTS } from './http-defaults.js';
import { createWorkspacesWorld, type WorkspacesWorld } from './workspaces-world.js';

export const SECRETS_KEY = 'a-secrets-key-of-exactly-32-byte';

export interface Reply {
  readonly status: number;
  // Bodies are compared with literals in tests, which a narrower type would only get in the way of.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
}

export interface OrgsWorld extends Omit<WorkspacesWorld, 'close'> {
  readonly secrets: Secrets;
  readonly templates: Templates;
  /** Folders of the user's own templates; empty at first. */
  readonly folders: Readonly<Record<'templates' | 'orgs' | 'plugins', string>>;
  /** Writes files below one of the folders. */
  write(folder: 'templates' | 'orgs' | 'plugins', files: Readonly<Record<string, string>>): void;
  /** Lays files on the volume of a workspace, as its agent or owner would. */
  keep(workspaceId: string, files: Readonly<Record<string, string | Buffer>>): void;
  call(method: Method, path: string, body?: unknown): Promise<Reply>;
  close(): Promise<void>;
}

export interface OrgsWorldOptions {
  readonly key?: string;
  /** Templates that ship with the product are left out unless asked for. */
  readonly builtIn?: boolean;
  readonly laneSizes?: LaneSizes;
  readonly noBackend?: boolean;
  readonly startsMax?: number;
}

/** Secrets, templates, orgs and workspaces on a real database, behind HTTP with an open gate, with a fake backend. */
export async function createOrgsWorld(url: string, given: OrgsWorldOptions = {}): Promise<OrgsWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'molecule-orgs-'));
  const folders = {
    templates: join(folder, 'templates'),
    orgs: join(folder, 'orgs'),
    plugins: join(folder, 'plugins'),
  };
  for (const path of Object.values(folders)) mkdirSync(path);
  const none = given.builtIn ? {} : { builtInFolder: join(folder, 'none') };
  const sources: { templates?: Templates; secrets?: Secrets } = {};
  const world = createWorkspacesWorld(url, {
    ...(given.laneSizes ? { laneSizes: given.laneSizes } : {}),
    ...(given.noBackend ? { noBackend: true } : {}),
    ...(given.startsMax === undefined ? {} : { startsMax: given.startsMax }),
    sources: (ports) => {
      const templates = createTemplates({
        ...ports,
        userFolder: folders.templates,
        ownFolder: join(folder, 'own'),
        ...none,
      });
      const backends = given.noBackend ? ['external'] : ['fake', 'external'];
      const secrets = createSecrets({ ...ports, key: given.key ?? SECRETS_KEY, backends });
      Object.assign(sources, { templates, secrets });
      return { templates, secrets };
    },
  });
  const { templates, secrets } = sources;
  if (!templates || !secrets) throw new Error('the workspaces world did not ask for its sources');
  const { ports, workspaces } = world;
  const schedules = createSchedules(ports);
  const channels = createChannels({ ...ports, key: given.key ?? SECRETS_KEY });
  const writer = createImportWriter({ ...ports, verbs: workspaces.verbs, schedules, channels });
  const orgs = createOrgs({
    ...ports,
    userFolder: folders.orgs,
    ...none,
    templates,
    secrets,
    schedules,
    channels,
    pluginFolders: [folders.plugins],
    writer,
    checkClaimedUrl: async (claimed) => {
      if (claimed.includes('169.254.')) throw new AppError('invalid_url');
    },
  });
  const http = await createHttpServer({
    routes: {
      ...orgRoutes,
      ...bundleRoutes,
      ...secretRoutes,
      ...chosenModelRoutes,
      listWorkspaces: workspaceRoutes.listWorkspaces,
    },
    handlers: {
      ...templates.handlers,
      ...orgs.handlers,
      listWorkspaces: workspaces.handlers.listWorkspaces,
      ...createBundleHandlers({
        ...ports,
        workspaces: workspaceReads,
        templates,
        secrets,
        writer,
        openConfiguration: workspaces.openConfiguration,
      }),
      ...createSecretHandlers({ secrets, lanes: ports.lanes, nudge: workspaces.verbs.nudge }),
    },
    gate: async () => ({ kind: 'admin' as const }),
    rateLimit: null,
    ...HTTP_DEFAULTS,
    requestId: () => ports.random.uuidv7(),
    logger: ports.logger,
    clock: createSystemClock(),
    observe: () => {},
    isDraining: () => false,
  });
  await ports.start();
  return {
    ...world,
    secrets,
    templates,
    folders,
    write(into, files) {
      for (const [path, content] of Object.entries(files)) {
        const target = join(folders[into], path);
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, content);
      }
    },
    keep(id, files) {
      for (const [path, content] of Object.entries(files)) world.backend.files.write(id, path, Buffer.from(content));
    },
    async call(method, path, body) {
      const response = await http.inject({
        method,
        url: path,
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
      return { status: response.statusCode, body: JSON.parse(response.body) };
    },
    async close() {
      await http.close();
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
