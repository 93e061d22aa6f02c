import type { Routes, InstallableRuntime as Wire } from '@molecule/contract';
import type { Db } from '../../platform/db.js';
import { AppError } from '../../platform/http/app-error.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import type { InstallableRuntime, RuntimeInstalls } from '../../provisioners/runtime-installs.js';
import type { Actor } from '../access/index.js';
import { sanitizeRuntime } from './runtimes.js';
import { listWantedOnHost } from './start-progress.store.js';

export type RuntimeHandlers = Pick<HandlersFor<Routes, Actor>, 'listRuntimes' | 'installRuntime' | 'removeRuntime'>;

/** The programs of runtimes on this host, for people who do not want to wait for the first agent. */
export function createRuntimeHandlers(deps: {
  readonly db: Db;
  readonly provisioners: ProvisionerRegistry;
  readonly hostId: string;
}): RuntimeHandlers {
  const backends = deps.provisioners.all.flatMap(({ installs }) => (installs === null ? [] : [installs]));

  async function require(name: string): Promise<RuntimeInstalls> {
    for (const installs of backends) if ((await findIn(installs, name)) !== undefined) return installs;
    throw new AppError('runtime_not_installable');
  }

  return {
    listRuntimes: async () => {
      const lists = await Promise.all(backends.map((installs) => installs.list()));
      return { status: 200, body: lists.flat().map(toWire) };
    },
    installRuntime: async ({ params }) => {
      const installs = await require(params.name);
      const answer = await installs.begin(params.name);
      if (answer.state === 'refused') throw new AppError('runtime_installs_off', { text: answer.reason });
      const found = await findIn(installs, params.name);
      if (found === undefined) throw new AppError('runtime_not_installable');
      return { status: 202, body: toWire(found) };
    },
    removeRuntime: async ({ params }) => {
      const installs = await require(params.name);
      const wanted = await listWantedOnHost(deps.db, deps.hostId);
      const users = wanted.filter(({ runtime }) => sanitizeRuntime(runtime) === params.name);
      if (users.length > 0) {
        const names = users.map(({ name }) => name);
        const shown = names.slice(0, NAMES_MAX).join(', ') + (names.length > NAMES_MAX ? ', …' : '');
        throw new AppError('runtime_in_use', { text: `runtime ${params.name} is used by ${shown}` });
      }
      return { status: 200, body: toWire(await installs.remove(params.name)) };
    },
  };
}

const NAMES_MAX = 5;

async function findIn(installs: RuntimeInstalls, name: string): Promise<InstallableRuntime | undefined> {
  return (await installs.list()).find(({ runtime }) => runtime === name);
}

function toWire(found: InstallableRuntime): Wire {
  return {
    runtime: found.runtime,
    package: found.package,
    version: found.version,
    state: found.state,
    note: found.note,
    download_mb: found.downloadMb,
    versions: found.versions.map(({ version, bytes, installedAt }) => ({
      version,
      bytes,
      installed_at: installedAt === '' ? null : installedAt,
    })),
    last_failure: found.lastFailure,
  };
}
