export { cloneTestDatabase, listTestDatabases, type TestDatabase, type TestDatabaseOptions } from './database.js';
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
export { type WaitForOptions, waitFor } from './wait-for.js';
