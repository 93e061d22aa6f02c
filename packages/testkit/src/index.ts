export { countAbortFollowers } from './abort-followers.js';
export { bundleProgram } from './bundle.js';
export { cloneTestDatabase, listTestDatabases, type TestDatabase, type TestDatabaseOptions } from './database.js';
export { type AgentRequest, type Behaviour, createFakeAgent, type FakeAgent } from './fake-agent/index.js';
export { fakeCli, fakeCliPackages } from './fake-clis/index.js';
export { createFakeClock, type FakeClock } from './fake-clock.js';
export {
  createFakeLlm,
  delegateToEveryChild,
  echoLastUser,
  type FakeLlm,
  inOrder,
  type LlmReply,
  type LlmRequest,
  type LlmScript,
  resultsOf,
} from './fake-llm/index.js';
export { createNpmRegistry, type NpmPackage, type NpmRegistry } from './npm-registry.js';
export {
  createDataDir,
  removeDataDir,
  type ServerProcess,
  type ServerProcessOptions,
  startServerProcess,
} from './server-process.js';
export { canMountSmallDisks, mountSmallDisk, type SmallDisk } from './small-disk.js';
export { type WaitForOptions, waitFor } from './wait-for.js';
