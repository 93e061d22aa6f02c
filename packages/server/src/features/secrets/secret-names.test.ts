import { expect, it } from 'vitest';
import { VARIABLES, type Variable } from '../../config-variables.js';
import { checkNames, whyRefused } from './secret-names.js';

it.each(['ANTHROPIC_API_KEY', 'OPENAI_BASE_URL', 'MODEL', 'MODEL_PROVIDER', '_x', 'aB9', 'A'.repeat(128)])(
  '%s may be a secret',
  (name) => {
    expect(whyRefused(name)).toBeNull();
  },
);

it.each([
  ['ADMIN_TOKEN', 'credential of the server'],
  ['SECRETS_ENCRYPTION_KEY', 'credential of the server'],
  ['database_url', 'credential of the server'],
  ['WORKSPACE_ID', 'sets it for every agent'],
  ['HOME', 'sets it for every agent'],
  ['PATH', 'which programs'],
  ['NODE_OPTIONS', 'loads code'],
  ['LD_PRELOAD', 'begin with LD_'],
  ['DYLD_INSERT_LIBRARIES', 'begin with DYLD_'],
  ['MOLECULE_AGENT_ROLE', 'begin with MOLECULE_'],
  ['1A', 'starts with a letter'],
  ['A-B', 'starts with a letter'],
  ['A\n', 'starts with a letter'],
  ['', 'starts with a letter'],
  ['A'.repeat(129), 'at most 128'],
])('%j is refused with its reason', (name, reason) => {
  expect(whyRefused(name)).toContain(reason);
});

it('a refusal names every refused name', () => {
  expect(() => checkNames(['GOOD', 'PATH', 'HOME'])).toThrow(
    expect.objectContaining({ code: 'secret_name_refused', help: expect.stringMatching(/PATH.*HOME/) }),
  );
});

it('whatever the server itself is told in confidence is refused as a name', () => {
  const own = Object.values<Variable<unknown>>(VARIABLES).filter(({ secret }) => secret);
  expect(own.length).toBeGreaterThanOrEqual(4);
  for (const { name } of own)
    expect({ name, why: whyRefused(name) }).toMatchObject({ why: expect.stringMatching(/credential/) });
});
