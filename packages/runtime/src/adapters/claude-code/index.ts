export { createClaudeCodeAdapter } from './claude-code.adapter.js';
