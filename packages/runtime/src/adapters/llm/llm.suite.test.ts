import { createFakeLlm, delegateToEveryChild, type FakeLlm, type LlmScript } from '@molecule/testkit';
import { afterAll, beforeAll } from 'vitest';
import { describeAdapter } from '../adapter.suite.js';
import { createLlmAdapter } from './llm.adapter.js';

/** Works like a lead, except that it falls silent for ever on `hold`. */
const script: LlmScript = (request) =>
  request.lastUserText === 'hold'
    ? { text: 'wait for it', fault: { kind: 'stall', afterEvents: 4 } }
    : delegateToEveryChild(request);

let llm: FakeLlm;
beforeAll(async () => {
  llm = await createFakeLlm({ script });
});
afterAll(() => llm.close());

const silent = { info: () => undefined, warn: () => undefined };

describeAdapter('llm', {
  async create() {
    const env = { ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: llm.url };
    const adapter = await createLlmAdapter({ env, model: null, config: { model: null }, log: silent });
    if ('unusable' in adapter) throw new Error(adapter.unusable);
    return adapter;
  },
  endlessMessage: { messageId: 'm1', text: 'hold' },
});
