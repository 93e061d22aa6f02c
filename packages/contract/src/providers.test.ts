import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deriveProvider, PROVIDER_BY_PREFIX } from './providers.js';

interface ScriptRule {
  readonly provider: string;
  readonly refined_by_key?: { readonly provider: string };
}

const facts = JSON.parse(
  readFileSync(new URL('../../../templates/hermes/provider-facts.json', import.meta.url), 'utf8'),
) as { readonly prefixes: Readonly<Record<string, ScriptRule>> };

/** What must be in both, so that a file that lost its content does not pass by agreeing with nothing. */
const ANCHORS = [
  'anthropic',
  'minimax',
  'minimax-cn',
  'gemini',
  'deepseek',
  'qwen',
  'nvidia',
  'openai',
  'nousresearch',
  'openrouter',
];
/** The only prefixes for which the script may end elsewhere than our table (contract lifecycle §4.9). */
const MAY_DIFFER = ['nousresearch', 'openai'];

/** Every provider the script can end with for a prefix. */
function providersOf(rule: ScriptRule | undefined): readonly string[] {
  return rule === undefined ? [] : [rule.provider, ...(rule.refined_by_key ? [rule.refined_by_key.provider] : [])];
}

describe('the provider of a model', () => {
  it.each([
    ['minimax/MiniMax-M2.7', 'minimax'],
    ['minimax-cn/MiniMax-M2.7', 'minimax-cn'],
    ['openai/gpt-5', 'openrouter'],
    ['openrouter/anthropic/claude-opus-4-7', 'openrouter'],
    ['dashscope/qwen-max', 'alibaba'],
    ['hf/', 'huggingface'],
  ])('%s is served by %s', (model, provider) => {
    expect(deriveProvider(model)).toBe(provider);
  });

  it.each([
    '',
    'sonnet',
    'anthropic',
    'anthropic:claude-opus-4-7',
    'Anthropic/claude',
    '/x',
    'nobody/model',
    ' minimax/x',
  ])('%j names none', (model) => {
    expect(deriveProvider(model)).toBeNull();
  });
});

describe('our table and the boot script of hermes', () => {
  it.each(ANCHORS)('both know %s', (prefix) => {
    expect(PROVIDER_BY_PREFIX.has(prefix)).toBe(true);
    expect(Object.keys(facts.prefixes)).toContain(prefix);
  });

  it('know the same prefixes, in both directions', () => {
    expect(Object.keys(facts.prefixes).sort()).toEqual([...PROVIDER_BY_PREFIX.keys()].sort());
  });

  it('end with the same provider, but for the two that the script refines by the keys it finds', () => {
    const differing = [...PROVIDER_BY_PREFIX].filter(([prefix, provider]) =>
      providersOf(facts.prefixes[prefix]).some((other) => other !== provider),
    );
    expect(differing.map(([prefix]) => prefix).sort()).toEqual(MAY_DIFFER);
    for (const [prefix, provider] of PROVIDER_BY_PREFIX)
      expect(providersOf(facts.prefixes[prefix])).toContain(provider);
  });
});
