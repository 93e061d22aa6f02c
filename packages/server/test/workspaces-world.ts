import {
  createWorkspaces,
  gitIdentity,
  type Workspaces,
  type WorkspacesDeps,
} from '../src/features/workspaces/index.js';
import { createExternalDriver } from '../src/provisioners/external/external.driver.js';
import { createFakeBackend, type FakeBackend, type FakeControl } from '../src/provisioners/fake/fake.driver.js';
import type { Provisioner } from '../src/provisioners/provisioner.js';
import { createProvisionerRegistry } from '../src/provisioners/registry.js';
import { createProvisioner } from '../src/provisioners/shared-semantics.js';
import { createTestPorts, TEST_LEASE_MS, type TestPorts } from './ports.js';

export interface WorkspacesWorld {
  readonly ports: TestPorts;
  readonly workspaces: Workspaces;
  readonly backend: FakeControl;
  /** The machine and its identity: hand both to another world to be the next server on the same host. */
  readonly host: { readonly id: string; readonly machine: FakeBackend };
  /** Tokens issued, as `<workspace id>#<generation>`. */
  readonly issued: string[];
  close(): Promise<void>;
}

/** A server without a single template: every workspace starts on the same few words. */
export const NO_TEMPLATES: WorkspacesDeps['templates'] = {
  find: () => null,
  isSafeName: () => true,
  isKnown: () => false,
  findForName: () => null,
  findRebuildSource: () => null,
  hashOf: () => null,
  compose: async () => ({
    files: [{ path: 'config.yaml', content: Buffer.from('name: x\n') }],
    templateHash: null,
  }),
  amendConfig: () => null,
  readRequiredEnv: () => [],
  provisionTimeoutSeconds: () => null,
};

/** The workspaces feature on a real database with an in-memory backend that passes the driver suite. */
export function createWorkspacesWorld(
  url: string,
  given: Parameters<typeof createTestPorts>[1] & {
    readonly host?: WorkspacesWorld['host'];
    readonly templateTimeoutSeconds?: (runtime: string) => number | null;
    readonly provisionTimeoutSeconds?: number;
    readonly startsMax?: number;
    readonly startsMaxFrom?: string;
    readonly platformUrl?: string;
    /** The backend of new workspaces is not configured on this server. */
    readonly noBackend?: boolean;
    /** Backends besides it and the external one. */
    readonly moreBackends?: readonly Provisioner[];
    /** In place of the one that names the author of an agent's commits. */
    readonly envMutators?: WorkspacesDeps['envMutators'];
    readonly restartContexts?: WorkspacesDeps['restartContexts'];
    /** The real features in place of empty ones. */
    readonly sources?: (ports: TestPorts) => Pick<WorkspacesDeps, 'templates' | 'secrets'>;
  } = {},
): WorkspacesWorld {
  const ports = createTestPorts(url, given);
  const host = given.host ?? { id: ports.random.uuid(), machine: createFakeBackend({ clock: ports.clock }) };
  const fake = host.machine;
  const issued: string[] = [];
  const managed = createProvisioner(fake.createDriver());
  const provisioners = createProvisionerRegistry([
    ...(given.noBackend ? [] : [managed]),
    ...(given.moreBackends ?? []),
    createProvisioner(createExternalDriver({ clock: ports.clock })),
  ]);
  const workspaces = createWorkspaces({
    ...ports,
    provisioners,
    leaseMs: TEST_LEASE_MS,
    hostId: host.id,
    templates: {
      ...NO_TEMPLATES,
      ...(given.templateTimeoutSeconds ? { provisionTimeoutSeconds: given.templateTimeoutSeconds } : {}),
    },
    secrets: {
      checkNames: () => {},
      writeWorkspaceSecrets: async () => {},
      readFor: async () => ({ values: {}, confidential: [] }),
    },
    ...given.sources?.(ports),
    tokens: {
      mint: async () => 'token',
      revokeAll: async () => {},
      issueForGeneration: async (id, generation) => {
        issued.push(`${id}#${generation}`);
        return `token-${generation}`;
      },
    },
    envMutators: given.envMutators ?? [gitIdentity],
    restartContexts: given.restartContexts ?? { record: async () => {} },
    checkClaimedUrl: async () => {},
    defaultBackend: managed.kind,
    platformUrl: () => given.platformUrl ?? 'http://127.0.0.1:1',
    memoryMbOf: () => null,
    publicUrl: null,
    startsMax: given.startsMax ?? 16,
    startsMaxFrom: given.startsMaxFrom ?? 'default',
    provisionTimeoutSeconds: given.provisionTimeoutSeconds ?? null,
    externalSilenceSeconds: 90,
  });
  return {
    ports,
    workspaces,
    backend: fake.control,
    host,
    issued,
    async close() {
      await ports.close();
      await Promise.all([managed, ...provisioners.all].map((provisioner) => provisioner.close()));
    },
  };
}
