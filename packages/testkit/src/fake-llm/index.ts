export { delegateToEveryChild, echoLastUser, resultsOf } from './behaviours.js';
export type { LlmRequest } from './conversation.js';
export { inOrder, type LlmReply, type LlmScript } from './script.js';
export { createFakeLlm, type FakeLlm } from './server.js';
