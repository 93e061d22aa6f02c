import { defineConfig } from 'vitest/config';

// Tests of the whole product: real servers, agents and browsers. One file at a time, because each takes the machine.
const conditions = ['molecule-source', 'module', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['e2e/**/*.{e2e,full}.ts', 'chaos/**/*.{chaos,full}.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    expect: { requireAssertions: true },
  },
});
