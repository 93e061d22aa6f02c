export { createCodexAdapter } from './codex.adapter.js';
