export { createLlmAdapter } from './llm.adapter.js';
