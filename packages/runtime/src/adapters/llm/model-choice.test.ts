import { describe, expect, it } from 'vitest';
import { chooseModel, describeChoice } from './model-choice.js';

const ANTHROPIC = { ANTHROPIC_API_KEY: 'a-key' };
const OPENAI = { OPENAI_API_KEY: 'o-key' };
const LOCAL = { OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1' };
const LOCAL_MODEL = { ...LOCAL, OPENAI_MODEL: 'llama3:8b' };
const BAD_URL = { OPENAI_BASE_URL: 'localhost:1' };
const BROKEN_ANTHROPIC = { ...ANTHROPIC, ANTHROPIC_BASE_URL: 'nowhere' };
const DEFAULT_A = 'anthropic:claude-sonnet-5-5';
const DEFAULT_O = 'openai:gpt-5.6';

type Row = [title: string, env: Record<string, string>, explicit: string | null, template: string | null, is: string];

const CHOSEN: Row[] = [
  ['the explicit model beats the template', { ...ANTHROPIC, ...OPENAI }, 'openai:gpt-5', 'sonnet', 'openai:gpt-5'],
  ['the template counts when its key exists', { ...ANTHROPIC, ...OPENAI }, null, 'openai:gpt-5', 'openai:gpt-5'],
  ['a template without its key gives way to a key', OPENAI, null, 'anthropic:claude-opus-4-7', DEFAULT_O],
  ['an unknown template model gives way to a key', ANTHROPIC, null, 'mystery', DEFAULT_A],
  ['Anthropic comes first among keys', { ...ANTHROPIC, ...OPENAI, ...LOCAL_MODEL }, null, null, DEFAULT_A],
  ['OpenAI comes second', OPENAI, null, null, DEFAULT_O],
  ['OPENAI_MODEL names the OpenAI model', { ...OPENAI, OPENAI_MODEL: 'gpt-5' }, null, null, 'openai:gpt-5'],
  ['an address with a model needs no key', LOCAL_MODEL, null, null, 'openai-compatible:llama3:8b'],
  ['an address with model and key', { ...OPENAI, ...LOCAL_MODEL }, null, null, 'openai-compatible:llama3:8b'],
  ['a key with an address alone is a proxy of OpenAI', { ...OPENAI, ...LOCAL }, null, null, DEFAULT_O],
  [
    "OpenAI's own address changes nothing",
    { ...OPENAI, OPENAI_BASE_URL: 'https://api.openai.com/v1' },
    null,
    null,
    DEFAULT_O,
  ],
  [
    'a broken address of another provider does not take away a key',
    { ...ANTHROPIC, ...BAD_URL },
    null,
    null,
    DEFAULT_A,
  ],
  ['what is broken gives way to what can be used', { ...BROKEN_ANTHROPIC, ...OPENAI }, null, null, DEFAULT_O],
  ['blank keys are absent', { ANTHROPIC_API_KEY: ' ', ...OPENAI }, '', ' ', DEFAULT_O],
  ['colon slug', ANTHROPIC, 'anthropic:claude-opus-4-7', null, 'anthropic:claude-opus-4-7'],
  ['slash slug', OPENAI, 'openai/gpt-5', null, 'openai:gpt-5'],
  ['bare claude id', ANTHROPIC, 'claude-opus-4-7', null, 'anthropic:claude-opus-4-7'],
  ['bare gpt id', OPENAI, 'gpt-5', null, 'openai:gpt-5'],
  ['alias', ANTHROPIC, 'sonnet', null, DEFAULT_A],
  ['alias behind its provider', ANTHROPIC, 'anthropic:Opus', null, 'anthropic:claude-opus-5-5'],
  ['a tag of a local model keeps its colon', LOCAL, 'llama3:8b', null, 'openai-compatible:llama3:8b'],
  [
    'a router takes vendor/model as it is',
    { ...OPENAI, ...LOCAL },
    'openai/gpt-5',
    null,
    'openai-compatible:openai/gpt-5',
  ],
  [
    'a router serves another vendor',
    LOCAL,
    'anthropic/claude-opus-4-7',
    null,
    'openai-compatible:anthropic/claude-opus-4-7',
  ],
  [
    'the chosen provider serves a model that names none',
    { ...ANTHROPIC, LLM_PROVIDER: 'anthropic' },
    'mystery',
    null,
    'anthropic:mystery',
  ],
  [
    'the family a model names is stronger than a chosen provider',
    { ...ANTHROPIC, ...OPENAI, LLM_PROVIDER: 'anthropic' },
    'gpt-5',
    null,
    'openai:gpt-5',
  ],
  [
    'a server of its own is stronger than a chosen provider',
    { ...ANTHROPIC, ...LOCAL, LLM_PROVIDER: 'anthropic' },
    'llama3:8b',
    null,
    'openai-compatible:llama3:8b',
  ],
  ['the named compatible provider', LOCAL, 'openai-compatible:qwen', null, 'openai-compatible:qwen'],
];

const REFUSED: Row[] = [
  ['nothing is configured', {}, null, null, 'No model key is configured'],
  ['an explicit model is not replaced', OPENAI, 'anthropic:claude-opus-4-7', null, 'needs ANTHROPIC_API_KEY'],
  ['explicit OpenAI without key', ANTHROPIC, 'gpt-5', null, 'needs OPENAI_API_KEY'],
  ['an address without a model', LOCAL, null, null, 'OPENAI_MODEL does not say'],
  ['a chosen provider without its key', { LLM_PROVIDER: 'openai' }, 'mystery', null, 'needs OPENAI_API_KEY'],
  ['a chosen provider nobody here speaks to', { LLM_PROVIDER: 'bedrock' }, 'mystery', null, 'names no provider'],
  ['a model of no known provider', ANTHROPIC, 'mystery', null, 'names no provider'],
  ['an address that is none', { ...OPENAI, OPENAI_BASE_URL: 'localhost:1' }, null, null, 'OPENAI_BASE_URL is not'],
  ['an explicit model at an address that is none', BAD_URL, 'openai-compatible:q', null, 'OPENAI_BASE_URL is not'],
  ['the first of two that are broken', { ...BROKEN_ANTHROPIC, ...BAD_URL }, null, null, 'ANTHROPIC_BASE_URL is not'],
];

describe('the choice of a model', () => {
  it.each(CHOSEN)('%s', (_title, env, explicit, template, expected) => {
    const outcome = chooseModel(env, explicit, template);
    expect('usable' in outcome ? describeChoice(outcome.usable) : outcome.unusable).toBe(expected);
  });

  it.each(REFUSED)('refused with the reason: %s', (_title, env, explicit, template, expected) => {
    const outcome = chooseModel(env, explicit, template);
    expect('unusable' in outcome ? outcome.unusable : describeChoice(outcome.usable)).toContain(expected);
  });

  it('tells nothing configured from something broken', () => {
    expect(chooseModel({}, null, null)).toMatchObject({ keyless: true });
    expect(chooseModel(LOCAL, null, null)).not.toHaveProperty('keyless');
  });

  it('says which rule chose and trims a pasted key', () => {
    const outcome = chooseModel({ ANTHROPIC_API_KEY: 'k\n', ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' }, null, 'sonnet');
    expect(outcome).toMatchObject({ usable: { source: 'template', apiKey: 'k', baseUrl: 'http://127.0.0.1:1' } });
  });
});
