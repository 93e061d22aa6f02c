import { describe, expect, it } from 'vitest';
import { type ConfigSourceInput, resolveConfigSource } from './config-source.js';

const known = ['seo', 'writer', 'claude-code-default'];
const templates = {
  find: (name: string) => (known.includes(name) ? {} : null),
  isSafeName: (name: string) => !name.includes('/') && !name.includes('..'),
  findForName: (name: string) => (name === 'SEO' ? 'seo' : null),
};

function resolve(given: Partial<ConfigSourceInput>) {
  return resolveConfigSource({
    name: 'Ada',
    runtime: 'claude-code',
    storedTemplate: null,
    appliedTemplate: null,
    request: {},
    templates,
    ...given,
  });
}

describe('the configuration of a manual restart', () => {
  const untouched = { label: 'existing-volume', apply: null };

  it('R4: without a stored template and without a request the folder stays', () => {
    expect(resolve({})).toEqual(untouched);
  });

  it('R2: a stored template that was not laid into the folder yet is applied once, and then leaves edits alone', () => {
    expect(resolve({ storedTemplate: 'writer', appliedTemplate: 'seo' })).toEqual({ label: 'writer', apply: 'writer' });
    expect(resolve({ storedTemplate: 'writer', appliedTemplate: 'writer' })).toEqual({ label: 'writer', apply: null });
  });

  it('a stored template is applied again when that is asked for', () => {
    const request = { apply_template: true };
    expect(resolve({ storedTemplate: 'writer', appliedTemplate: 'writer', request })).toEqual({
      label: 'writer',
      apply: 'writer',
    });
  });

  it('R2: a template in the request wins over the stored one', () => {
    expect(resolve({ storedTemplate: 'writer', appliedTemplate: 'writer', request: { template: 'seo' } })).toEqual({
      label: 'seo',
      apply: 'seo',
    });
  });

  it.each(['gone', '../etc', 'a/b', ''])(
    'a template %j in the request that cannot be used is passed over',
    (template) => {
      expect(resolve({ request: { template } })).toEqual(untouched);
      expect(resolve({ storedTemplate: 'writer', appliedTemplate: 'writer', request: { template } }).label).toBe(
        'writer',
      );
    },
  );

  it('a stored template that is gone is passed over', () => {
    expect(resolve({ storedTemplate: 'gone' })).toEqual(untouched);
  });

  it('apply_template finds the template named like the workspace, before the stored one', () => {
    expect(resolve({ name: 'SEO', storedTemplate: 'writer', request: { apply_template: true } })).toEqual({
      label: 'seo',
      apply: 'seo',
    });
  });

  it('apply_template falls back to the default of the runtime, when there is one', () => {
    expect(resolve({ request: { apply_template: true } }).apply).toBe('claude-code-default');
    expect(resolve({ request: { apply_template: true }, runtime: 'echo' })).toEqual(untouched);
    expect(resolve({ request: {} })).toEqual(untouched);
  });
});
