import { waitFor } from '@molecule/testkit';
import { expect } from 'vitest';
import type { FilePlace } from '../files.js';
import {
  DriverError,
  type InstanceExit,
  type InstanceRecord,
  type InstanceSpec,
  PROVISIONED_FILE,
  type Provisioner,
} from '../provisioner.js';

/** One backend under test, with a view of the truth beside the provisioner and the power to hurt it. */
export interface Subject {
  readonly provisioner: Provisioner;
  /** The server is killed and started again over the same backend: a provisioner that remembers nothing. */
  restartServer(): Promise<Provisioner>;
  /** Instances of the workspace that really run. */
  countRunning(workspaceId: string): Promise<number>;
  /** The agent ends by itself, after writing these lines. */
  crash(workspaceId: string, output: readonly string[]): Promise<void>;
  /** The next start ends during boot, after writing these lines. */
  failNextStart(output: readonly string[]): void;
  /** Agents of later starts never become ready; resolves `reached` once one of them is that far. */
  hangStarts(): { reached(): Promise<void> };
  setReachable(isReachable: boolean): void;
  /** How long the suite waits for an end it has been promised; short for the fake, since mutants break promises. */
  readonly patienceMs: number;
  readConfig(workspaceId: string, path: string): Promise<string | null>;
  writeConfig(workspaceId: string, path: string, content: string): Promise<void>;
  /** The agent writes a file of its own. */
  plantFile(workspaceId: string, place: FilePlace, path: string, content: Buffer): Promise<void>;
  /** Whether an agent that starts now would forget its conversations. */
  wasAskedToForget(workspaceId: string): Promise<boolean>;
  cleanup(): Promise<void>;
}

export interface Clause {
  /** Stable; mutants name the clause that must catch them. */
  readonly id: string;
  readonly guarantee: string;
  /** `running`: only for backends that run something themselves; `files`: only for those that keep files. */
  readonly appliesTo: 'all' | 'running' | 'files';
  check(subject: Subject): Promise<void>;
}

const never = new AbortController().signal;
const A = '0aa00000-0000-4000-8000-000000000001';
const B = '0bb00000-0000-4000-8000-000000000002';
const SECRET = 'sk-conformance-5f1c9d';

export function specOf(generation: number, changes: Partial<InstanceSpec> = {}): InstanceSpec {
  return {
    workspaceId: A,
    name: 'Writer',
    generation,
    runtime: 'echo',
    memoryMb: 2_048,
    env: { API_KEY: SECRET },
    secretNames: ['API_KEY'],
    platformUrl: 'http://127.0.0.1:8080',
    issueToken: async () => `token-of-generation-${generation}`,
    composeConfig: async () => [{ path: 'config.yaml', content: Buffer.from(`generation: ${generation}\n`) }],
    seedConfig: 'if-missing',
    configWritten: () => {},
    amendConfig: () => null,
    resetSession: false,
    checkConfig: () => null,
    workspaceDir: null,
    ...changes,
  };
}

function refOf(generation: number, record: InstanceRecord | null = null, workspaceId = A) {
  return { workspaceId, generation, record };
}

/** The error of a call that must fail, checked to be of the port's one class and free of secrets. */
async function driverErrorOf(call: Promise<unknown>): Promise<DriverError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DriverError);
  if (!(error instanceof DriverError)) throw new Error('unreachable');
  expect(`${error.message}\n${error.logTail.join('\n')}`).not.toContain(SECRET);
  return error;
}

/** As `driverErrorOf`, for a call that has been called off and therefore must end soon. */
async function promptErrorOf(call: Promise<unknown>, timeoutMs: number): Promise<DriverError> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  call.then(settle, settle);
  await waitFor(() => isSettled, { timeoutMs, what: 'the call to end' });
  return driverErrorOf(call);
}

function collectExits(provisioner: Provisioner): InstanceExit[] {
  const exits: InstanceExit[] = [];
  provisioner.onExit((exit) => exits.push(exit));
  return exits;
}

export const CLAUSES: readonly Clause[] = [
  {
    id: 'ensure-twice',
    guarantee: 'ensure twice answers the same instance and starts one',
    appliesTo: 'all',
    async check({ provisioner, countRunning }) {
      const first = await provisioner.ensure(specOf(1), null, never);
      const second = await provisioner.ensure(specOf(1), first, never);
      expect(second).toEqual(first);
      expect(first.generation).toBe(1);
      if (provisioner.capabilities.runsInstances) {
        expect(first.url).toMatch(/^http:/);
        expect(await countRunning(A)).toBe(1);
      }
    },
  },
  {
    id: 'ensure-concurrently',
    guarantee: 'eight ensures at once start one instance',
    appliesTo: 'running',
    async check({ provisioner, countRunning }) {
      const records = await Promise.all(Array.from({ length: 8 }, () => provisioner.ensure(specOf(1), null, never)));
      expect(new Set(records.map((record) => record.instanceId)).size).toBe(1);
      expect(await countRunning(A)).toBe(1);
    },
  },
  {
    id: 'record-is-json',
    guarantee: 'a record survives being stored as JSON',
    appliesTo: 'all',
    async check({ provisioner }) {
      const record = await provisioner.ensure(specOf(1), null, never);
      const stored: InstanceRecord = JSON.parse(JSON.stringify(record));
      expect(stored).toEqual(record);
      expect(await provisioner.inspect(refOf(1, stored))).toEqual({ state: 'running', record });
    },
  },
  {
    id: 'newer-generation-replaces',
    guarantee: 'ensure of a newer generation replaces the older instance',
    appliesTo: 'all',
    async check({ provisioner, countRunning }) {
      const older = await provisioner.ensure(specOf(1), null, never);
      const newer = await provisioner.ensure(specOf(2), older, never);
      expect(newer.generation).toBe(2);
      expect(newer.instanceId).not.toBe(older.instanceId);
      if (provisioner.capabilities.runsInstances) expect(await countRunning(A)).toBe(1);
    },
  },
  {
    id: 'older-generation-is-refused',
    guarantee: 'ensure of an older generation is refused for good and leaves the newer instance alone',
    appliesTo: 'all',
    async check({ provisioner }) {
      const newer = await provisioner.ensure(specOf(2), null, never);
      const error = await driverErrorOf(provisioner.ensure(specOf(1), newer, never));
      expect(error).toMatchObject({ kind: 'rejected', retryable: false });
      expect(await provisioner.inspect(refOf(2, newer))).toEqual({ state: 'running', record: newer });
    },
  },
  {
    id: 'stop-then-stopped',
    guarantee: 'after stop nothing runs and inspect says so',
    appliesTo: 'running',
    async check({ provisioner, countRunning }) {
      const record = await provisioner.ensure(specOf(1), null, never);
      await provisioner.stop(refOf(1, record), never);
      expect(await countRunning(A)).toBe(0);
      expect(await provisioner.inspect(refOf(1, record))).toEqual({ state: 'stopped' });
    },
  },
  {
    id: 'stop-is-repeatable',
    guarantee: 'stop succeeds twice, and for a workspace nobody has heard of',
    appliesTo: 'all',
    async check({ provisioner }) {
      const record = await provisioner.ensure(specOf(1), null, never);
      await provisioner.stop(refOf(1, record), never);
      await provisioner.stop(refOf(1, record), never);
      await expect(provisioner.stop(refOf(1, null, B), never)).resolves.toBeUndefined();
    },
  },
  {
    id: 'late-stop-spares-newer',
    guarantee: 'a stop that speaks for an older generation leaves a newer instance running',
    appliesTo: 'running',
    async check({ provisioner, countRunning }) {
      const newer = await provisioner.ensure(specOf(2), null, never);
      await provisioner.stop(refOf(1, newer), never);
      expect(await countRunning(A)).toBe(1);
    },
  },
  {
    id: 'late-destroy-spares-newer',
    guarantee: 'a destroy that speaks for an older generation is refused and leaves a newer instance running',
    appliesTo: 'all',
    async check({ provisioner, countRunning }) {
      const newer = await provisioner.ensure(specOf(2), null, never);
      const error = await driverErrorOf(provisioner.destroy(refOf(1, newer), never));
      expect(error).toMatchObject({ kind: 'rejected', retryable: false });
      if (provisioner.capabilities.runsInstances) expect(await countRunning(A)).toBe(1);
    },
  },
  {
    id: 'files-survive-stop',
    guarantee: 'what the owner changed in the configuration survives stop and start, unless overwriting is asked for',
    appliesTo: 'running',
    async check({ provisioner, readConfig, writeConfig }) {
      await provisioner.ensure(specOf(1), null, never);
      expect(await readConfig(A, 'config.yaml')).toBe('generation: 1\n');
      await writeConfig(A, 'config.yaml', 'mine\n');
      await provisioner.stop(refOf(1), never);
      await provisioner.ensure(specOf(2), null, never);
      expect(await readConfig(A, 'config.yaml')).toBe('mine\n');
      await provisioner.ensure(specOf(3, { seedConfig: 'none' }), null, never);
      expect(await readConfig(A, 'config.yaml')).toBe('mine\n');
      await provisioner.ensure(specOf(4, { seedConfig: 'overwrite' }), null, never);
      expect(await readConfig(A, 'config.yaml')).toBe('generation: 4\n');
    },
  },
  {
    id: 'says-when-it-wrote',
    guarantee: 'the caller hears that the configuration was written when it was, and only then',
    appliesTo: 'running',
    async check({ provisioner }) {
      const heard: number[] = [];
      const spec = (generation: number, seedConfig: InstanceSpec['seedConfig']) =>
        specOf(generation, { seedConfig, configWritten: () => heard.push(generation) });
      await provisioner.ensure(spec(1, 'if-missing'), null, never);
      await provisioner.ensure(spec(1, 'if-missing'), null, never);
      await provisioner.ensure(spec(2, 'if-missing'), null, never);
      await provisioner.ensure(spec(3, 'none'), null, never);
      await provisioner.ensure(spec(4, 'overwrite'), null, never);
      expect(heard).toEqual([1, 4]);
    },
  },
  {
    id: 'composes-only-to-write',
    guarantee: 'what the configuration is made of is asked for when it is written, and not otherwise',
    appliesTo: 'running',
    async check({ provisioner }) {
      const asked: number[] = [];
      const spec = (generation: number, seedConfig: InstanceSpec['seedConfig']) => {
        const composeConfig = async () => {
          asked.push(generation);
          return [{ path: 'config.yaml', content: Buffer.from('x\n') }];
        };
        return specOf(generation, { seedConfig, composeConfig });
      };
      await provisioner.ensure(spec(1, 'if-missing'), null, never);
      await provisioner.ensure(spec(2, 'if-missing'), null, never);
      await provisioner.ensure(spec(3, 'none'), null, never);
      await provisioner.ensure(spec(4, 'overwrite'), null, never);
      expect(asked).toEqual([1, 4]);
    },
  },
  {
    id: 'failed-composition',
    guarantee: 'nothing is written and nothing runs when the configuration cannot be composed',
    appliesTo: 'running',
    async check({ provisioner, countRunning, readConfig }) {
      const composeConfig = async () => {
        throw new Error(`no such template, says ${SECRET}`);
      };
      const error = await driverErrorOf(provisioner.ensure(specOf(1, { composeConfig }), null, never));
      expect(error).toMatchObject({ kind: 'unavailable', retryable: true });
      expect(await countRunning(A)).toBe(0);
      expect(await readConfig(A, 'config.yaml')).toBeNull();
    },
  },
  {
    id: 'marks-the-first-success',
    guarantee: 'the first instance that became ready leaves its time in the folder, and a later composition is told it',
    appliesTo: 'running',
    async check({ provisioner, failNextStart, readConfig }) {
      const told: (string | null)[] = [];
      const spec = (generation: number) =>
        specOf(generation, {
          seedConfig: 'overwrite',
          composeConfig: async ({ provisionedAt }) => {
            told.push(provisionedAt);
            return [{ path: 'config.yaml', content: Buffer.from('x\n') }];
          },
        });
      failNextStart(['no']);
      await driverErrorOf(provisioner.ensure(spec(1), null, never));
      expect(await readConfig(A, PROVISIONED_FILE)).toBeNull();
      await provisioner.ensure(spec(1), null, never);
      const mark = await readConfig(A, PROVISIONED_FILE);
      expect(mark).toMatch(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z\n$/);
      await provisioner.ensure(spec(2), null, never);
      expect(await readConfig(A, PROVISIONED_FILE)).toBe(mark);
      expect(told).toEqual([null, null, mark?.trim()]);
    },
  },
  {
    id: 'amends-what-is-there',
    guarantee:
      'a configuration that is left alone says what it is amended to before it is judged; a new one is not amended',
    appliesTo: 'running',
    async check({ provisioner, readConfig, writeConfig }) {
      const offered: string[] = [];
      const judged: (string | null)[] = [];
      const spec = (generation: number, amended: string | null, seedConfig: InstanceSpec['seedConfig']) =>
        specOf(generation, {
          seedConfig,
          amendConfig(configYaml) {
            offered.push(configYaml);
            return amended;
          },
          checkConfig(configYaml) {
            judged.push(configYaml);
            return null;
          },
        });
      await provisioner.ensure(spec(1, 'not for a new one\n', 'if-missing'), null, never);
      await writeConfig(A, 'config.yaml', 'mine\n');
      await provisioner.ensure(spec(2, null, 'if-missing'), null, never);
      await provisioner.ensure(spec(3, 'amended\n', 'if-missing'), null, never);
      expect(await readConfig(A, 'config.yaml')).toBe('amended\n');
      await provisioner.ensure(spec(4, 'nor for this\n', 'overwrite'), null, never);
      expect(offered).toEqual(['mine\n', 'mine\n']);
      expect(judged).toEqual(['generation: 1\n', 'mine\n', 'amended\n', 'generation: 4\n']);
    },
  },
  {
    id: 'configuration-is-judged',
    guarantee:
      'the configuration the instance would find is judged before its token is issued; a refusal starts nothing',
    appliesTo: 'running',
    async check({ provisioner, countRunning, writeConfig }) {
      const seen: (string | null)[] = [];
      let tokens = 0;
      const spec = (generation: number, reason: string | null) =>
        specOf(generation, {
          checkConfig(configYaml) {
            seen.push(configYaml);
            return reason;
          },
          issueToken: async () => `token ${++tokens}`,
        });
      await provisioner.ensure(spec(1, null), null, never);
      // One that runs already has been judged.
      await provisioner.ensure(spec(1, 'too late'), null, never);
      await writeConfig(A, 'config.yaml', 'mine\n');
      const error = await driverErrorOf(provisioner.ensure(spec(2, 'A_KEY is not set'), null, never));
      expect(error).toMatchObject({ kind: 'rejected', retryable: false, message: 'A_KEY is not set' });
      expect(seen).toEqual(['generation: 1\n', 'mine\n']);
      expect(tokens).toBe(1);
      expect(await countRunning(A)).toBe(0);
    },
  },
  {
    id: 'destroy-leaves-nothing',
    guarantee: 'destroy ends the instance and its name and files; repeating it succeeds',
    appliesTo: 'running',
    async check({ provisioner, countRunning, readConfig }) {
      const record = await provisioner.ensure(specOf(1), null, never);
      await provisioner.destroy(refOf(1, record), never);
      expect(await countRunning(A)).toBe(0);
      expect(await provisioner.inspect(refOf(1))).toEqual({ state: 'absent' });
      expect(await provisioner.list()).toEqual([]);
      expect(await readConfig(A, 'config.yaml')).toBeNull();
      await provisioner.destroy(refOf(1, record), never);
    },
  },
  {
    id: 'record-only-backends',
    guarantee: 'a backend that runs nothing takes the record for the truth and lists nothing',
    appliesTo: 'all',
    async check({ provisioner }) {
      const record = await provisioner.ensure(specOf(1), null, never);
      expect((await provisioner.inspect(refOf(1, record))).state).toBe('running');
      if (provisioner.capabilities.runsInstances) return;
      expect(await provisioner.inspect(refOf(1))).toEqual({ state: 'absent' });
      expect(await provisioner.list()).toEqual([]);
    },
  },
  {
    id: 'list-is-exact',
    guarantee: 'list names what was created, running or stopped, and nothing else',
    appliesTo: 'running',
    async check({ provisioner }) {
      expect(await provisioner.list()).toEqual([]);
      const a = await provisioner.ensure(specOf(3), null, never);
      const b = await provisioner.ensure(specOf(5, { workspaceId: B }), null, never);
      await provisioner.stop(refOf(5, b, B), never);
      const listed = [...(await provisioner.list())].sort((x, y) => x.generation - y.generation);
      expect(listed).toEqual([
        { workspaceId: A, instanceId: a.instanceId, generation: 3, running: true },
        { workspaceId: B, instanceId: b.instanceId, generation: 5, running: false },
      ]);
    },
  },
  {
    id: 'inspect-absent',
    guarantee: 'a workspace that was never started is absent',
    appliesTo: 'all',
    async check({ provisioner }) {
      expect(await provisioner.inspect(refOf(1, null, B))).toEqual({ state: 'absent' });
    },
  },
  {
    id: 'aborted-before-start',
    guarantee: 'an ensure whose signal has aborted starts nothing and issues no token',
    appliesTo: 'all',
    async check({ provisioner, countRunning }) {
      let isIssued = false;
      const issueToken = async () => {
        isIssued = true;
        return 'token';
      };
      const error = await driverErrorOf(provisioner.ensure(specOf(1, { issueToken }), null, AbortSignal.abort()));
      expect(error).toMatchObject({ kind: 'timeout', retryable: true });
      expect(isIssued).toBe(false);
      expect(await countRunning(A)).toBe(0);
    },
  },
  {
    id: 'abort-leaves-nothing',
    guarantee: 'aborting an ensure half way leaves nothing running and nothing unlisted',
    appliesTo: 'running',
    async check({ provisioner, countRunning, hangStarts, readConfig, patienceMs }) {
      const hanging = hangStarts();
      const abort = new AbortController();
      const ensure = provisioner.ensure(specOf(1), null, abort.signal);
      ensure.catch(() => {});
      await hanging.reached();
      abort.abort();
      expect(await promptErrorOf(ensure, patienceMs)).toMatchObject({ kind: 'timeout', retryable: true });
      expect(await countRunning(A)).toBe(0);
      expect((await provisioner.inspect(refOf(1))).state).not.toBe('running');
      if ((await readConfig(A, 'config.yaml')) !== null) {
        expect((await provisioner.list()).map((listing) => listing.workspaceId)).toEqual([A]);
      }
    },
  },
  {
    id: 'stop-cancels-ensure',
    guarantee: 'stop calls off an ensure under way instead of waiting for it',
    appliesTo: 'running',
    async check({ provisioner, countRunning, hangStarts, patienceMs }) {
      const hanging = hangStarts();
      const ensure = provisioner.ensure(specOf(1), null, never);
      ensure.catch(() => {});
      await hanging.reached();
      await provisioner.stop(refOf(1), never);
      expect(await promptErrorOf(ensure, patienceMs)).toMatchObject({ kind: 'rejected', retryable: true });
      expect(await countRunning(A)).toBe(0);
    },
  },
  {
    id: 'newer-ensure-cancels-older',
    guarantee: 'ensure of a newer generation calls off an older one under way',
    appliesTo: 'running',
    async check({ provisioner, hangStarts, patienceMs }) {
      const hanging = hangStarts();
      const abort = new AbortController();
      const older = provisioner.ensure(specOf(1), null, never);
      older.catch(() => {});
      await hanging.reached();
      const newer = provisioner.ensure(specOf(2), null, abort.signal);
      newer.catch(() => {});
      expect(await promptErrorOf(older, patienceMs)).toMatchObject({ kind: 'rejected', retryable: true });
      abort.abort();
      expect(await promptErrorOf(newer, patienceMs)).toMatchObject({ kind: 'timeout' });
    },
  },
  {
    id: 'unreachable-is-unknown',
    guarantee: 'R43: a backend that cannot be asked is unknown, never absent, and every verb says unavailable',
    appliesTo: 'running',
    async check({ provisioner, setReachable, countRunning }) {
      const record = await provisioner.ensure(specOf(1), null, never);
      setReachable(false);
      expect((await provisioner.inspect(refOf(1, record))).state).toBe('unknown');
      for (const call of [
        () => provisioner.ensure(specOf(2), record, never),
        () => provisioner.stop(refOf(1, record), never),
        () => provisioner.destroy(refOf(1, record), never),
      ]) {
        expect(await driverErrorOf(call())).toMatchObject({ kind: 'unavailable', retryable: true });
      }
      await driverErrorOf(provisioner.list());
      setReachable(true);
      expect(await countRunning(A)).toBe(1);
    },
  },
  {
    id: 'foreign-host-is-unknown',
    guarantee: 'R43: an instance of another host is unknown and is not touched',
    appliesTo: 'running',
    async check({ provisioner, countRunning }) {
      if (!provisioner.capabilities.hostBound) return expect(provisioner.capabilities.hostBound).toBe(false);
      const record = await provisioner.ensure(specOf(1), null, never);
      const elsewhere = { ...record, hostId: 'another-host' };
      expect((await provisioner.inspect(refOf(1, elsewhere))).state).toBe('unknown');
      await driverErrorOf(provisioner.stop(refOf(1, elsewhere), never));
      expect(await countRunning(A)).toBe(1);
    },
  },
  {
    id: 'inspect-never-throws',
    guarantee: 'inspect answers whatever it is asked',
    appliesTo: 'all',
    async check({ provisioner }) {
      const nonsense = {
        kind: '',
        hostId: '',
        instanceId: '',
        generation: -1,
        url: 'x',
        platformUrl: null,
        startedAt: '',
        handle: { pid: 'x' },
      };
      for (const workspaceId of ['', '../..', 'a\0b', 'x'.repeat(5_000)]) {
        for (const record of [null, nonsense]) {
          const seen = await provisioner.inspect({ workspaceId, generation: 1, record });
          expect(['stopped', 'absent', 'unknown']).toContain(seen.state);
        }
      }
    },
  },
  {
    id: 'crash-is-reported-once',
    guarantee: 'an agent that ends by itself is reported once, with its generation and its last words, secrets blanked',
    appliesTo: 'running',
    async check({ provisioner, crash, patienceMs: timeoutMs }) {
      const exits = collectExits(provisioner);
      const record = await provisioner.ensure(specOf(7), null, never);
      await crash(A, ['the last words', `key ${SECRET}`]);
      await waitFor(() => exits.length > 0, { timeoutMs, what: 'the exit to be reported' });
      expect(await provisioner.inspect(refOf(7, record))).toEqual({ state: 'stopped' });
      expect(exits).toHaveLength(1);
      expect(exits[0]).toMatchObject({
        workspaceId: A,
        generation: 7,
        instanceId: record.instanceId,
        requested: false,
      });
      expect(exits[0]?.logTail).toEqual(['the last words', 'key [secret]']);
    },
  },
  {
    id: 'requested-exit-is-marked',
    guarantee: 'an end that was asked for is reported as such, with the generation of the instance that ended',
    appliesTo: 'running',
    async check({ provisioner, patienceMs: timeoutMs }) {
      const exits = collectExits(provisioner);
      const older = await provisioner.ensure(specOf(1), null, never);
      const newer = await provisioner.ensure(specOf(2), older, never);
      await provisioner.stop(refOf(2, newer), never);
      await waitFor(() => exits.length === 2, { timeoutMs, what: 'both exits' });
      expect(exits.map(({ generation, instanceId, requested }) => ({ generation, instanceId, requested }))).toEqual([
        { generation: 1, instanceId: older.instanceId, requested: true },
        { generation: 2, instanceId: newer.instanceId, requested: true },
      ]);
    },
  },
  {
    id: 'failed-start',
    guarantee:
      'an agent that ends during boot rejects ensure with its last words, secrets blanked, and reports no exit',
    appliesTo: 'running',
    async check({ provisioner, failNextStart, countRunning }) {
      const exits = collectExits(provisioner);
      failNextStart(['no such model', `key ${SECRET}`]);
      const error = await driverErrorOf(provisioner.ensure(specOf(1), null, never));
      expect(error).toMatchObject({ kind: 'rejected', retryable: true });
      expect(error.logTail).toEqual(['no such model', 'key [secret]']);
      expect(await countRunning(A)).toBe(0);
      await provisioner.ensure(specOf(1), null, never);
      expect(exits).toEqual([]);
    },
  },
  {
    id: 'token-on-start-only',
    guarantee: 'a token is issued once per start, and none for an instance that already runs',
    appliesTo: 'running',
    async check({ provisioner }) {
      let issued = 0;
      const issueToken = async () => `token-${++issued}`;
      const record = await provisioner.ensure(specOf(1, { issueToken }), null, never);
      await provisioner.ensure(specOf(1, { issueToken }), record, never);
      expect(issued).toBe(1);
    },
  },
  {
    id: 'failed-token',
    guarantee: 'nothing is started when no token can be issued, and the error does not repeat why',
    appliesTo: 'running',
    async check({ provisioner, countRunning }) {
      const issueToken = async () => {
        throw new Error(`insert failed for ${SECRET}`);
      };
      const error = await driverErrorOf(provisioner.ensure(specOf(1, { issueToken }), null, never));
      expect(error).toMatchObject({ kind: 'unavailable', retryable: true });
      expect(await countRunning(A)).toBe(0);
    },
  },
  {
    id: 'adoption',
    guarantee: 'after the server was killed, ensure of the same generation adopts the living instance and watches it',
    appliesTo: 'running',
    async check(subject) {
      const record = await subject.provisioner.ensure(specOf(4), null, never);
      const successor = await subject.restartServer();
      const exits = collectExits(successor);
      const issueToken = async (): Promise<string> => {
        throw new Error('adopting must not revoke the token');
      };
      expect(await successor.ensure(specOf(4, { issueToken }), record, never)).toEqual(record);
      expect(await subject.countRunning(A)).toBe(1);
      await subject.crash(A, []);
      await waitFor(() => exits.length > 0, {
        timeoutMs: subject.patienceMs,
        what: 'the exit of the adopted instance',
      });
      expect(exits).toHaveLength(1);
      expect(exits[0]).toMatchObject({ generation: 4, instanceId: record.instanceId, requested: false });
    },
  },
  {
    id: 'moved-server',
    guarantee: 'an instance that looks for the server at another address is replaced by one that finds it',
    appliesTo: 'running',
    async check(subject) {
      const stranded = await subject.provisioner.ensure(specOf(1), null, never);
      const successor = await subject.restartServer();
      const platformUrl = 'http://127.0.0.1:8081';
      const found = await successor.ensure(specOf(1, { platformUrl }), stranded, never);
      expect(found.instanceId).not.toBe(stranded.instanceId);
      expect(found.platformUrl).toBe(platformUrl);
      expect(await subject.countRunning(A)).toBe(1);
      expect(await successor.ensure(specOf(1, { platformUrl }), found, never)).toEqual(found);
    },
  },
  {
    id: 'lost-record',
    guarantee: 'an instance whose record was lost is found again and can be stopped',
    appliesTo: 'running',
    async check(subject) {
      const record = await subject.provisioner.ensure(specOf(1), null, never);
      const successor = await subject.restartServer();
      expect(await successor.inspect(refOf(1))).toEqual({ state: 'running', record });
      await successor.stop(refOf(1), never);
      expect(await subject.countRunning(A)).toBe(0);
    },
  },
  {
    id: 'inspect-starts-watching',
    guarantee: 'what inspect calls running is watched from then on',
    appliesTo: 'running',
    async check(subject) {
      const record = await subject.provisioner.ensure(specOf(1), null, never);
      const successor = await subject.restartServer();
      const exits = collectExits(successor);
      await successor.inspect(refOf(1, record));
      await subject.crash(A, []);
      await waitFor(() => exits.length === 1, { timeoutMs: subject.patienceMs, what: 'the exit' });
      expect(exits[0]?.instanceId).toBe(record.instanceId);
    },
  },
];
