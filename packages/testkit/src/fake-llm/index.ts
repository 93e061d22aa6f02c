export { behaviours, delegateToEveryChild, echoLastUser, type LlmBehaviour, resultsOf } from './behaviours.js';
export type { LlmApi, LlmMessage, LlmRequest, LlmToolCall, LlmToolResult } from './conversation.js';
export { inOrder, type LlmAnswer, type LlmRefusal, type LlmReply, type LlmScript } from './script.js';
export { createFakeLlm, type FakeLlm } from './server.js';
