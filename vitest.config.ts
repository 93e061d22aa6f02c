import { defineConfig } from 'vitest/config';

// Workspace packages are tested from their sources (export condition "molecule-source"), so a test never runs a stale
// build. The name is ours alone: under a plain "source" Node loads third parties' TypeScript and fails.
const conditions = ['molecule-source', 'module', 'node', 'development|production'];

const files = (packages: string) => [
  `packages/${packages}/src/**/*.test.{ts,tsx}`,
  `packages/${packages}/test/**/*.test.ts`,
];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  // The environment in which vitest loads the global setup; it takes nothing from `ssr`.
  environments: {
    __vitest__: { resolve: { conditions, externalConditions: conditions, noExternal: [/^@molecule\//] } },
  },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { requireAssertions: true },
    pool: 'forks',
    // No module of ours keeps state, so the files of a worker share what they load: a fifth of the time.
    isolate: false,
    projects: [
      // Only these packages need Postgres: a run of other tests does not wait for one to start.
      {
        extends: true,
        test: {
          name: 'database',
          include: files('{server,testkit}'),
          globalSetup: ['packages/server/test/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'plain', include: [...files('{contract,runtime,canvas,cli}'), 'scripts/**/*.test.ts'] },
      },
    ],
  },
});
