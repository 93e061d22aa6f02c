import { createFakeClock } from '@molecule/testkit';
import { describe, expect, it } from 'vitest';
import { specOf } from './conformance/provisioner.suite.js';
import { createFakeBackend, type FakeVerb } from './fake/fake.driver.js';
import { DriverError, type Provisioner } from './provisioner.js';
import { createProvisioner } from './shared-semantics.js';

const never = new AbortController().signal;
const SECRET = 'a-fake-key-not-for-people';
const ref = { workspaceId: specOf(1).workspaceId, generation: 1, record: null };

function withBug(verb: FakeVerb, error: Error): Provisioner {
  const { control, createDriver } = createFakeBackend({ clock: createFakeClock() });
  control.breakVerb(verb, error);
  return createProvisioner(createDriver());
}

async function errorOf(call: Promise<unknown>): Promise<DriverError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DriverError)) throw new Error('no DriverError', { cause: error });
  return error;
}

/** Each verb of the port, with the verb of the driver that is broken under it. */
const CALLS: readonly [string, FakeVerb, (provisioner: Provisioner) => Promise<unknown>][] = [
  ['ensure', 'start', (provisioner) => provisioner.ensure(specOf(1), null, never)],
  ['ensure', 'inspect', (provisioner) => provisioner.ensure(specOf(1), null, never)],
  ['stop', 'stop', (provisioner) => provisioner.stop(ref, never)],
  ['stop', 'inspect', (provisioner) => provisioner.stop(ref, never)],
  ['destroy', 'stop', (provisioner) => provisioner.destroy(ref, never)],
  ['destroy', 'destroy', (provisioner) => provisioner.destroy(ref, never)],
  ['destroy', 'inspect', (provisioner) => provisioner.destroy(ref, never)],
  ['list', 'list', (provisioner) => provisioner.list()],
];

describe('a driver that throws what it must not', () => {
  it.each(CALLS)('R12: %s says that it is a bug and worth no second try (thrown by %s)', async (_, verb, call) => {
    const bug = new TypeError(`cannot read ${SECRET} of undefined`);
    const error = await errorOf(call(withBug(verb, bug)));
    expect(error).toMatchObject({ kind: 'defect', retryable: false, cause: bug });
    expect(error.message).not.toContain(SECRET);
  });

  it('R12: inspect answers that it does not know, with the bug for the log', async () => {
    const bug = new TypeError('no');
    const seen = await withBug('inspect', bug).inspect(ref);
    expect(seen).toMatchObject({ state: 'unknown', error: { kind: 'defect', cause: bug } });
  });

  it.each<[string, Error, Partial<DriverError>]>([
    [
      'what the system said',
      Object.assign(new Error('x'), { code: 'ENOSPC' }),
      { kind: 'unavailable', retryable: true },
    ],
    [
      'what the network said, as fetch wraps it',
      new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }),
      { kind: 'unavailable', retryable: true },
    ],
    ['a time limit of its own', new DOMException('x', 'TimeoutError'), { kind: 'timeout', retryable: true }],
    [
      'a wrong call of Node',
      Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' }),
      { kind: 'defect', retryable: false },
    ],
  ])('is told apart from %s', async (_, thrown, expected) => {
    expect(await errorOf(withBug('start', thrown).ensure(specOf(1), null, never))).toMatchObject(expected);
  });
});
