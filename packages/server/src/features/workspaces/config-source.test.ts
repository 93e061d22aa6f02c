import { describe, expect, it } from 'vitest';
import {
  type ConfigSourceInput,
  type InitialConfigInput,
  resolveConfigSource,
  resolveInitialConfig,
} from './config-source.js';

const known = ['seo', 'writer', 'claude-code-default'];
const templates = {
  find: (name: string) => (known.includes(name) ? {} : null),
  isSafeName: (name: string) => !name.includes('/') && !name.includes('..'),
  findForName: (name: string) => (name === 'SEO' ? 'seo' : null),
  findRebuildSource: (name: string) => (name === 'Ada' ? 'org-templates/ada' : null),
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

  it('rebuild_config takes the folder of its name below org-templates, after a stored template and before the default', () => {
    const request = { rebuild_config: true };
    const rebuilt = { label: 'org-templates/ada', apply: 'org-templates/ada' };
    expect(resolve({ request })).toEqual(rebuilt);
    expect(resolve({ request: { rebuild_config: true, apply_template: true } })).toEqual(rebuilt);
    expect(resolve({ request, storedTemplate: 'writer', appliedTemplate: 'writer' })).toEqual({
      label: 'writer',
      apply: null,
    });
    expect(resolve({ request, name: 'Nobody' })).toEqual(untouched);
  });
});

describe('the configuration of a folder without config.yaml', () => {
  const known = ['writer', 'claude-code-default', 'echo'];
  const initial = (given: Partial<InitialConfigInput>) =>
    resolveInitialConfig({
      workspaceId: 'id-7',
      runtime: 'llm',
      storedTemplate: null,
      hasOwnFiles: false,
      provisionedAt: null,
      templates: { isKnown: (name) => known.includes(name) },
      ...given,
    });
  const then = '2026-03-01T10:00:00.000Z';

  it('R5: comes from the stored template, at the first start and ever after', () => {
    for (const provisionedAt of [null, then]) {
      expect(initial({ storedTemplate: 'writer', provisionedAt })).toEqual({ kind: 'compose', template: 'writer' });
    }
  });

  it('is generated for a workspace that never ran, and made of its own files for one that has them', () => {
    expect(initial({})).toEqual({ kind: 'compose', template: null });
    expect(initial({ hasOwnFiles: true, provisionedAt: then })).toEqual({ kind: 'compose', template: null });
  });

  it.each([
    ['claude-code', 'claude-code-default'],
    ['echo', 'echo'],
  ])('R5: is recovered from the default of the runtime %s when nothing else is left', (runtime, template) => {
    expect(initial({ runtime, provisionedAt: then })).toEqual({ kind: 'compose', template });
    expect(initial({ runtime, storedTemplate: 'gone' })).toEqual({ kind: 'compose', template });
  });

  it('R5: is missing otherwise, and the text tells whether it ever was there', () => {
    const beginning = 'cannot start workspace id-7: no config.yaml source and config volume is empty';
    expect(initial({ storedTemplate: 'gone' })).toEqual({
      kind: 'nothing',
      text: expect.stringMatching(new RegExp(`^${beginning} \\(it was never provisioned; there is no template "gone"`)),
    });
    expect(initial({ provisionedAt: then })).toEqual({
      kind: 'nothing',
      text: expect.stringContaining(`${beginning} (emptied since it was first provisioned at ${then}).`),
    });
  });
});
