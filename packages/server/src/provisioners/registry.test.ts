import { createFakeClock } from '@molecule/testkit';
import { describe, expect, it } from 'vitest';
import { createExternalDriver } from './external/external.driver.js';
import { createProvisionerRegistry } from './registry.js';
import { createProvisioner } from './shared-semantics.js';

const external = () => createProvisioner(createExternalDriver({ clock: createFakeClock() }));

describe('the registry of provisioners', () => {
  it('R45: answers an unknown kind with a sentence, never with nothing', () => {
    expect(createProvisionerRegistry([external()]).find('docker')).toEqual({
      ok: false,
      reason: 'No backend "docker" is configured on this server. Configured: "external".',
    });
  });

  it('finds what was registered', () => {
    const provisioner = external();
    expect(createProvisionerRegistry([provisioner]).find('external')).toEqual({ ok: true, provisioner });
  });

  it('refuses to exist empty or with two of a kind', () => {
    expect(() => createProvisionerRegistry([])).toThrow('could not run any workspace');
    expect(() => createProvisionerRegistry([external(), external()])).toThrow('Two provisioners');
  });
});
