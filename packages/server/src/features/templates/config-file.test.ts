import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { adaptConfig, amendConfig, generateConfig, type WorkspaceIdentity } from './config-file.js';

const identity: WorkspaceIdentity = {
  name: 'Ada',
  role: 'Thinks',
  runtime: 'llm',
  model: null,
  tier: 2,
  maxConcurrentTasks: 1,
};

function adapted(text: string, given: Partial<WorkspaceIdentity> = {}): string {
  const result = adaptConfig(text, { ...identity, ...given });
  if ('faults' in result) throw new Error(result.faults[0]?.reason);
  return result.text;
}

describe('the generated config.yaml (contract §21.3)', () => {
  it('has exactly these keys in this order', () => {
    expect(generateConfig({ ...identity, runtime: 'claude-code' })).toBe(
      [
        'name: "Ada"',
        'description: "Thinks"',
        'version: 1.0.0',
        'tier: 2',
        'runtime: claude-code',
        'model: "sonnet"',
        'runtime_config:',
        '  timeout: 0',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['claude-code', null, 'sonnet'],
    ['llm', null, 'anthropic:claude-opus-4-7'],
    ['CLAUDE-CODE', null, 'anthropic:claude-opus-4-7'],
    ['claude-code', 'opus', 'opus'],
  ])('runtime %s with model %j names %s (contract §12.5)', (runtime, model, expected) => {
    expect(parse(generateConfig({ ...identity, runtime, model }))).toMatchObject({ model: expected });
  });

  it('a name cannot open another key, and no credential is asked for', () => {
    const text = generateConfig({ ...identity, name: 'x"\nrequired_env: [A]\n#', role: '\\"' });
    expect(parse(text)).toEqual({
      name: 'x" required_env: [A] #',
      description: '\\"',
      version: '1.0.0',
      tier: 2,
      runtime: 'llm',
      model: 'anthropic:claude-opus-4-7',
      runtime_config: { timeout: 0 },
    });
  });
});

describe('a config.yaml of a template for one workspace', () => {
  it('takes the identity of the workspace and keeps comments, order and everything else', () => {
    const text = '# ours\nname: Template # shown in lists\ndescription: A thing\nruntime: llm\nskills: [a, b]\n';
    expect(adapted(text)).toBe(
      '# ours\nname: Ada # shown in lists\ndescription: A thing\nruntime: llm\nskills: [ a, b ]\nrole: Thinks\ntier: 2\n',
    );
  });

  it("keeps the template's model, for the day the owner takes his own choice back", () => {
    const text = 'runtime_config:\n  model: theirs\n';
    expect(parse(adapted(text))).not.toHaveProperty('model');
    expect(parse(adapted(text, { model: 'mine' }))).not.toHaveProperty('model');
    expect(parse(adapted('model: theirs\n', { model: 'mine' }))).toMatchObject({ model: 'theirs' });
  });

  it('fills an empty file, and names the place in a broken one', () => {
    expect(parse(adapted(''))).toMatchObject({ name: 'Ada', runtime: 'llm' });
    expect(adaptConfig('name: a\nmodel: [', identity)).toMatchObject({ faults: [{ line: expect.any(Number) }] });
    expect(adaptConfig('- a\n', identity)).toEqual({
      faults: [{ line: 1, column: 1, reason: 'must be a mapping of keys' }],
    });
  });
});

describe('a config.yaml that is in place', () => {
  it('gets the keys that are to change, and keeps the rest with its comments', () => {
    const text = '# mine\nname: Ada\nruntime: llm # for now\nmodel: "x"\n';
    expect(amendConfig(text, { runtime: 'echo', max_concurrent_tasks: 3 })).toBe(
      '# mine\nname: Ada\nruntime: echo # for now\nmodel: "x"\nmax_concurrent_tasks: 3\n',
    );
  });

  it('is left alone when it says them already, when nothing is to change, and when it cannot be read', () => {
    expect(amendConfig('tier:   2\n', { tier: 2 })).toBeNull();
    expect(amendConfig('tier:   2\n', {})).toBeNull();
    for (const text of ['a: [', '- a\n', '']) expect(amendConfig(text, { tier: 2 })).toBeNull();
  });
});
