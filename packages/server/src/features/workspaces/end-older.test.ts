import { PassThrough } from 'node:stream';
import { createFakeClock, waitFor } from '@molecule/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../platform/logger.js';
import { specOf } from '../../provisioners/conformance/provisioner.suite.js';
import { createFakeBackend } from '../../provisioners/fake/fake.driver.js';
import { DriverError } from '../../provisioners/provisioner.js';
import { createProvisioner } from '../../provisioners/shared-semantics.js';
import { endOlder } from './end-older.js';

const never = new AbortController().signal;
const hanging = new DriverError('unavailable', 'It hangs.', { retryable: true });
let log: string;
let world: ReturnType<typeof createFakeBackend> & { clock: ReturnType<typeof createFakeClock> };

beforeEach(() => {
  log = '';
  const clock = createFakeClock();
  world = { ...createFakeBackend({ clock }), clock };
});

async function end(signal: AbortSignal = never) {
  const lines = new PassThrough();
  lines.on('data', (chunk) => {
    log += String(chunk);
  });
  const provisioner = createProvisioner(world.createDriver());
  const record = await provisioner.ensure(specOf(1), null, never);
  const ref = { workspaceId: specOf(1).workspaceId, generation: 2, record };
  const deps = { clock: world.clock, logger: createLogger({ level: 'info', destination: lines }) };
  return { ended: endOlder(deps, provisioner, ref, signal), provisioner };
}

const leaks = () => log.split('\n').filter((line) => line.includes('LEAK-SUSPECT'));

describe('ending an agent before its restart', () => {
  it('R10: goes on after a stop that failed once, and says nothing of a leak', async () => {
    world.control.breakVerb('stop', hanging);
    const { ended } = await end();
    await waitFor(() => log.includes('"attempt":1'));
    world.control.breakVerb('stop', null);
    await world.clock.advance(1_000);
    expect(await ended).toBeNull();
    expect(world.control.countRunning(specOf(1).workspaceId)).toBe(0);
    expect(leaks()).toEqual([]);
  });

  it('R10: gives up after the third attempt, with one line that names what may be left', async () => {
    world.control.breakVerb('stop', hanging);
    const { ended } = await end();
    await waitFor(() => log.includes('"attempt":1'));
    await world.clock.advance(1_000);
    await waitFor(() => log.includes('"attempt":2'));
    await world.clock.advance(2_000);
    expect(await ended).toBe('It hangs.');
    expect(leaks()).toEqual([expect.stringContaining(`"workspace":"${specOf(1).workspaceId}","instance":"fake-1"`)]);
  });

  it('R10: called off, it tries no more and says nothing of a leak', async () => {
    const caller = new AbortController();
    world.control.breakVerb('stop', hanging);
    const { ended } = await end(caller.signal);
    await waitFor(() => log.includes('"attempt":1'));
    caller.abort(new Error('a newer wish'));
    await expect(ended).rejects.toThrow('a newer wish');
    expect(leaks()).toEqual([]);
    expect(log).not.toContain('"attempt":2');
  });

  it('R10, R43: a backend that cannot be asked any more is waited for', async () => {
    world.control.breakVerb('stop', hanging);
    const { ended } = await end();
    ended.catch(() => {});
    world.control.setReachable(false);
    await expect(ended).rejects.toMatchObject({ kind: 'unavailable', retryable: true });
    expect(leaks()).toEqual([]);
  });
});
