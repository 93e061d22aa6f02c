import { expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { knownProviders } from './known-keys.js';
import { countUsers, firstInLine, stateOf } from './provider-state.js';

const provider = (id: string) => {
  const found = knownProviders.find((one) => one.id === id);
  if (!found) throw new Error(`no provider ${id}`);
  return found;
};
const saved = (...names: string[]) => new Set(names);

it('a saved key is never called tested or ready', () => {
  expect(stateOf(provider('anthropic'), saved('ANTHROPIC_API_KEY'))).toEqual({
    state: 'saved',
    text: 'Saved, not tested yet',
  });
});

it('an address without a model says what is missing', () => {
  const compatible = provider('compatible');
  expect(stateOf(compatible, saved())).toEqual({ state: 'unset', text: 'Not set' });
  expect(stateOf(compatible, saved('OPENAI_BASE_URL', 'OPENAI_API_KEY')).text).toBe('Model missing');
  expect(stateOf(compatible, saved('OPENAI_BASE_URL', 'OPENAI_MODEL')).state).toBe('saved');
});

it.each([
  [['OPENAI_API_KEY', 'ANTHROPIC_API_KEY'], 'anthropic'],
  [['OPENAI_API_KEY', 'OPENAI_BASE_URL'], 'openai'],
  [['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_MODEL'], 'compatible'],
  [['OPENAI_MODEL'], undefined],
])('of %j agents take %s', (names, id) => {
  expect(firstInLine(saved(...names))?.id).toBe(id);
});

it('agents that answer as a demonstration use no provider', () => {
  const agents = [
    buildWorkspace({ id: 'a', model: 'openai:gpt' }),
    buildWorkspace({ id: 'b', model: 'openai-compatible:llama' }),
    buildWorkspace({ id: 'c', model: 'openai:gpt', demo: true }),
  ];
  expect([countUsers(agents, provider('openai')), countUsers(agents, provider('compatible'))]).toEqual([1, 1]);
});
