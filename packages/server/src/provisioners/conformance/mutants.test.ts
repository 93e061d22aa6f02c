import { describe, expect, it } from 'vitest';
import type { FileAccess } from '../files.js';
import {
  DriverError,
  type InstanceExit,
  type InstanceRecord,
  type InstanceSpec,
  type Provisioner,
} from '../provisioner.js';
import { createFakeSubject } from './fake-subject.suite.js';
import { FILE_CLAUSES } from './files.clauses.suite.js';
import { CLAUSES } from './provisioner.suite.js';

const ALL_CLAUSES = [...CLAUSES, ...FILE_CLAUSES];

type Breakage = (provisioner: Provisioner) => Partial<Provisioner>;

interface Mutant {
  readonly flaw: string;
  /** The clauses that must go red, of which the first is the one made for this flaw. */
  readonly caughtBy: readonly [string, ...string[]];
  readonly breakage: Breakage;
}

const never = new AbortController().signal;

function onceStarted(spec: InstanceSpec, record: InstanceRecord): InstanceRecord {
  return { ...record, instanceId: `${record.instanceId}-${spec.generation}-again` };
}

function mapExits(
  provisioner: Provisioner,
  map: (exit: InstanceExit) => readonly InstanceExit[],
): Partial<Provisioner> {
  return {
    onExit: (listener) =>
      provisioner.onExit((exit) => {
        for (const mapped of map(exit)) listener(mapped);
      }),
  };
}

/** Runs `verb` and answers success whatever came of it. */
async function swallow(verb: Promise<unknown>): Promise<void> {
  await verb.catch(() => {});
}

/** A provisioner whose files part is broken in one way. */
function breakFiles(breakage: (files: FileAccess) => Partial<FileAccess>): Breakage {
  return ({ files }) => ({ files: files && { ...files, ...breakage(files) } });
}

/** `verb` with its rejection turned into `answer`. */
async function lenient<T>(verb: Promise<T>, answer: T): Promise<T> {
  return verb.catch(() => answer);
}

const FILE_MUTANTS: readonly Mutant[] = [
  {
    flaw: 'reads files as text',
    caughtBy: ['files-round-trip'],
    breakage: breakFiles((files) => ({
      async read(target, path) {
        const reading = await files.read(target, path);
        return reading.kind === 'found'
          ? { ...reading, content: Buffer.from(reading.content.toString('utf8')) }
          : reading;
      },
    })),
  },
  {
    flaw: 'writes the first file of a workspace into an empty folder',
    caughtBy: ['files-before-start'],
    breakage: breakFiles((files) => ({
      write: (id, request) => files.write(id, { ...request, initial: async () => [] }),
    })),
  },
  {
    flaw: 'writes whatever version is there',
    caughtBy: ['files-lost-edit', 'files-one-winner'],
    breakage: breakFiles((files) => ({
      write: (id, request) => files.write(id, { ...request, allows: () => true }),
    })),
  },
  {
    flaw: 'deletes whatever version is there',
    caughtBy: ['files-lost-edit'],
    breakage: breakFiles((files) => ({
      remove: (id, request) => files.remove(id, { ...request, allows: () => true }),
    })),
  },
  {
    flaw: 'looks at the version, waits, and writes',
    caughtBy: ['files-one-winner'],
    breakage: breakFiles((files) => ({
      async write(id, request) {
        const [file] = request.files;
        const target = { workspaceId: id, place: 'configs' as const, workspaceDir: null };
        const reading = file === undefined ? null : await lenient(files.read(target, file.path), { kind: 'not_found' });
        const isAllowed = request.allows(reading?.kind === 'found' ? reading.etag : null);
        return isAllowed ? files.write(id, { ...request, allows: () => true }) : { kind: 'changed' };
      },
    })),
  },
  {
    flaw: 'takes a path out of the folder for a missing file',
    caughtBy: ['files-stay-inside', 'files-hide-credentials'],
    breakage: breakFiles((files) => ({
      read: (target, path) => lenient(files.read(target, path), { kind: 'not_found' }),
    })),
  },
  {
    flaw: 'shows the token of the agent',
    caughtBy: ['files-hide-credentials'],
    breakage: breakFiles((files) => ({
      async list(target, folder, depth) {
        const listing = await files.list(target, folder, depth);
        if (listing.kind !== 'found' || target.place !== 'configs') return listing;
        const token = { path: '.auth_token', size: 1, kind: 'file' as const, modifiedMs: 0 };
        return { ...listing, entries: [token, ...listing.entries] };
      },
    })),
  },
  {
    flaw: 'says that it deleted what it left',
    caughtBy: ['files-delete'],
    breakage: breakFiles(() => ({ remove: async () => ({ kind: 'removed', laidInitial: false }) })),
  },
  {
    flaw: 'cuts files that are too large',
    caughtBy: ['files-are-bounded'],
    breakage: breakFiles((files) => ({
      write: (id, request) =>
        files.write(id, {
          ...request,
          files: request.files.map(({ path, content }) => ({ path, content: content.subarray(0, 1_000_000) })),
        }),
    })),
  },
  {
    flaw: 'shows the configuration whatever place is asked for',
    caughtBy: ['files-places'],
    breakage: breakFiles((files) => ({
      list: (target, folder, depth) => files.list({ ...target, place: 'configs' }, folder, depth),
      read: (target, path) => files.read({ ...target, place: 'configs' }, path),
    })),
  },
  {
    flaw: 'leaves a folder without a config.yaml',
    caughtBy: ['files-complete-config'],
    breakage: breakFiles((files) => ({
      write: (id, request) => files.write(id, { ...request, completesConfig: false }),
    })),
  },
  {
    flaw: 'keeps the files of what it destroyed',
    caughtBy: ['files-go-with-destroy', 'destroy-leaves-nothing'],
    breakage: (provisioner) => ({ destroy: (ref, signal) => provisioner.stop(ref, signal) }),
  },
  {
    flaw: 'never asks an agent to forget its conversations',
    caughtBy: ['session-reset'],
    breakage: (provisioner) => ({
      ensure: (spec, record, signal) => provisioner.ensure({ ...spec, resetSession: false }, record, signal),
    }),
  },
  {
    flaw: 'asks every agent to forget its conversations',
    caughtBy: ['session-reset'],
    breakage: (provisioner) => ({
      ensure: (spec, record, signal) => provisioner.ensure({ ...spec, resetSession: true }, record, signal),
    }),
  },
];

const MUTANTS: readonly Mutant[] = [
  {
    flaw: 'starts again although the instance runs',
    caughtBy: ['ensure-twice', 'ensure-concurrently'],
    breakage: (provisioner) => {
      let calls = 0;
      return {
        async ensure(spec, record, signal) {
          const made = await provisioner.ensure(spec, record, signal);
          return calls++ === 0 ? made : onceStarted(spec, made);
        },
      };
    },
  },
  {
    flaw: 'gives concurrent callers different instances',
    caughtBy: ['ensure-concurrently'],
    breakage: (provisioner) => {
      let underWay = 0;
      return {
        async ensure(spec, record, signal) {
          const isFirst = underWay++ === 0;
          try {
            const made = await provisioner.ensure(spec, record, signal);
            return isFirst ? made : onceStarted(spec, made);
          } finally {
            underWay--;
          }
        },
      };
    },
  },
  {
    flaw: 'keeps something in the record that JSON cannot hold',
    caughtBy: ['record-is-json'],
    breakage: (provisioner) => ({
      async ensure(spec, record, signal) {
        const made = await provisioner.ensure(spec, record, signal);
        return { ...made, handle: { ...made.handle, pid: Number.NaN } };
      },
    }),
  },
  {
    flaw: 'answers the older instance for a newer generation',
    caughtBy: ['newer-generation-replaces', 'requested-exit-is-marked'],
    breakage: (provisioner) => ({
      ensure: async (spec, record, signal) => record ?? provisioner.ensure(spec, record, signal),
    }),
  },
  {
    flaw: 'lets a late ensure of an older generation replace the newer one',
    caughtBy: ['older-generation-is-refused'],
    breakage: (provisioner) => ({
      async ensure(spec, record, signal) {
        if (record !== null && record.generation > spec.generation) {
          await provisioner.stop({ workspaceId: spec.workspaceId, generation: record.generation, record }, signal);
        }
        return provisioner.ensure(spec, record, signal);
      },
    }),
  },
  {
    flaw: 'says stop has succeeded without stopping',
    caughtBy: ['stop-then-stopped', 'requested-exit-is-marked', 'lost-record'],
    breakage: () => ({ stop: async () => {} }),
  },
  {
    flaw: 'fails to stop what does not run',
    caughtBy: ['stop-is-repeatable'],
    breakage: (provisioner) => ({
      async stop(ref, signal) {
        const { state } = await provisioner.inspect(ref);
        if (state === 'absent') throw new DriverError('rejected', 'No such workspace.', { retryable: false });
        await provisioner.stop(ref, signal);
      },
    }),
  },
  {
    flaw: 'stops whatever runs, whoever asks',
    caughtBy: ['late-stop-spares-newer'],
    breakage: (provisioner) => ({
      stop: (ref, signal) => provisioner.stop({ ...ref, generation: Number.MAX_SAFE_INTEGER }, signal),
    }),
  },
  {
    flaw: 'destroys whatever runs, whoever asks',
    caughtBy: ['late-destroy-spares-newer'],
    breakage: (provisioner) => ({
      destroy: (ref, signal) => provisioner.destroy({ ...ref, generation: Number.MAX_SAFE_INTEGER }, signal),
    }),
  },
  {
    flaw: 'writes the configuration over what the owner changed',
    caughtBy: ['files-survive-stop'],
    breakage: (provisioner) => ({
      ensure: (spec, record, signal) => provisioner.ensure({ ...spec, seedConfig: 'overwrite' }, record, signal),
    }),
  },
  {
    flaw: 'never says that it wrote the configuration',
    caughtBy: ['says-when-it-wrote'],
    breakage: (provisioner) => ({
      ensure: (spec, record, signal) => provisioner.ensure({ ...spec, configWritten: () => {} }, record, signal),
    }),
  },
  {
    flaw: 'says that it wrote the configuration whenever it starts',
    caughtBy: ['says-when-it-wrote'],
    breakage: (provisioner) => ({
      ensure: async (spec, record, signal) => {
        const started = await provisioner.ensure({ ...spec, configWritten: () => {} }, record, signal);
        spec.configWritten();
        return started;
      },
    }),
  },
  {
    flaw: 'composes the configuration before it knows whether it will write it',
    caughtBy: ['composes-only-to-write'],
    breakage: (provisioner) => ({
      async ensure(spec, record, signal) {
        const files = await spec.composeConfig({ provisionedAt: null }).catch(() => null);
        const composeConfig = files === null ? spec.composeConfig : async () => files;
        return provisioner.ensure({ ...spec, composeConfig }, record, signal);
      },
    }),
  },
  {
    flaw: 'leaves a configuration as it is, whatever it is to say from now on',
    caughtBy: ['amends-what-is-there'],
    breakage: (provisioner) => ({
      ensure: (spec, record, signal) => provisioner.ensure({ ...spec, amendConfig: () => null }, record, signal),
    }),
  },
  {
    flaw: 'starts whatever is said about the configuration',
    caughtBy: ['configuration-is-judged'],
    breakage: (provisioner) => ({
      ensure(spec, record, signal) {
        const checkConfig = (configYaml: string | null) => {
          spec.checkConfig(configYaml);
          return null;
        };
        return provisioner.ensure({ ...spec, checkConfig }, record, signal);
      },
    }),
  },
  {
    flaw: 'starts with an empty folder when the configuration cannot be composed',
    caughtBy: ['failed-composition'],
    breakage: (provisioner) => ({
      ensure: (spec, record, signal) =>
        provisioner.ensure(
          { ...spec, composeConfig: (folder) => spec.composeConfig(folder).catch(() => []) },
          record,
          signal,
        ),
    }),
  },
  {
    flaw: 'does not say that the folder was in use before',
    caughtBy: ['marks-the-first-success'],
    breakage: (provisioner) => ({
      ensure: (spec, record, signal) =>
        provisioner.ensure(
          { ...spec, composeConfig: () => spec.composeConfig({ provisionedAt: null }) },
          record,
          signal,
        ),
    }),
  },
  {
    flaw: 'shows the configuration it was given instead of the one that is there',
    caughtBy: ['configuration-is-judged'],
    breakage: (provisioner) => ({
      async ensure(spec, record, signal) {
        const [first] = await spec.composeConfig({ provisionedAt: null });
        const given = first?.content.toString('utf8') ?? null;
        return provisioner.ensure({ ...spec, checkConfig: () => spec.checkConfig(given) }, record, signal);
      },
    }),
  },
  {
    flaw: 'issues the token before the configuration is judged',
    caughtBy: ['configuration-is-judged'],
    breakage: (provisioner) => ({
      async ensure(spec, record, signal) {
        const token = await spec.issueToken();
        return provisioner.ensure({ ...spec, issueToken: async () => token }, record, signal);
      },
    }),
  },
  {
    flaw: 'only stops when asked to destroy',
    caughtBy: ['destroy-leaves-nothing'],
    breakage: (provisioner) => ({ destroy: (ref, signal) => provisioner.stop(ref, signal) }),
  },
  {
    flaw: 'calls a workspace absent although the row holds its record',
    caughtBy: ['record-only-backends', 'record-is-json'],
    breakage: () => ({ inspect: async () => ({ state: 'absent' }) }),
  },
  {
    flaw: 'forgets stopped instances in its list',
    caughtBy: ['list-is-exact'],
    breakage: (provisioner) => ({
      list: async () => (await provisioner.list()).filter((listing) => listing.running),
    }),
  },
  {
    flaw: 'lists what it did not create',
    caughtBy: ['list-is-exact', 'destroy-leaves-nothing'],
    breakage: (provisioner) => ({
      list: async () => [
        ...(await provisioner.list()),
        { workspaceId: 'somebody-elses', instanceId: 'x', generation: 1, running: true },
      ],
    }),
  },
  {
    flaw: 'calls a workspace it never saw stopped',
    caughtBy: ['inspect-absent'],
    breakage: (provisioner) => ({
      async inspect(ref) {
        const seen = await provisioner.inspect(ref);
        return seen.state === 'absent' ? { state: 'stopped' } : seen;
      },
    }),
  },
  {
    flaw: 'does not look at its signal',
    caughtBy: ['aborted-before-start'],
    breakage: (provisioner) => ({ ensure: (spec, record) => provisioner.ensure(spec, record, never) }),
  },
  {
    flaw: 'rejects on abort but lets the start finish behind it',
    caughtBy: ['abort-leaves-nothing'],
    breakage: (provisioner) => ({
      async ensure(spec, record, signal) {
        if (signal.aborted || signal === never) return provisioner.ensure(spec, record, signal);
        await provisioner.ensure({ ...spec, name: spec.name }, record, signal).catch(() => {});
        return provisioner.ensure(spec, record, AbortSignal.abort());
      },
      list: async () => [],
    }),
  },
  {
    flaw: 'waits for a start under way before it stops',
    caughtBy: ['stop-cancels-ensure'],
    breakage: (provisioner) => {
      const starts = new Set<Promise<unknown>>();
      return {
        ensure(spec, record, signal) {
          const start = provisioner.ensure(spec, record, signal);
          starts.add(start);
          const forget = () => starts.delete(start);
          start.then(forget, forget);
          return start;
        },
        async stop(ref, signal) {
          if (starts.size > 0) throw new DriverError('unavailable', 'A start is under way.', { retryable: true });
          await provisioner.stop(ref, signal);
        },
      };
    },
  },
  {
    flaw: 'lets a newer start wait for an older one',
    caughtBy: ['newer-ensure-cancels-older'],
    breakage: (provisioner) => {
      let last: Promise<unknown> = Promise.resolve();
      return {
        ensure(spec, record, signal) {
          const made = swallow(last).then(() => provisioner.ensure(spec, record, signal));
          last = made;
          return made;
        },
      };
    },
  },
  {
    flaw: 'takes an unreachable backend for an absent workspace',
    caughtBy: ['unreachable-is-unknown', 'foreign-host-is-unknown'],
    breakage: (provisioner) => ({
      async inspect(ref) {
        const seen = await provisioner.inspect(ref);
        return seen.state === 'unknown' ? { state: 'absent' } : seen;
      },
    }),
  },
  {
    flaw: 'takes an unreachable backend for a successful stop',
    caughtBy: ['unreachable-is-unknown', 'foreign-host-is-unknown'],
    breakage: (provisioner) => ({ stop: (ref, signal) => swallow(provisioner.stop(ref, signal)) }),
  },
  {
    flaw: 'acts on instances of other hosts',
    caughtBy: ['foreign-host-is-unknown'],
    breakage: (provisioner) => ({
      inspect: (ref) => provisioner.inspect({ ...ref, record: null }),
      stop: (ref, signal) => provisioner.stop({ ...ref, record: null }, signal),
    }),
  },
  {
    flaw: 'throws from inspect',
    caughtBy: ['inspect-never-throws', 'unreachable-is-unknown'],
    breakage: (provisioner) => ({
      async inspect(ref) {
        const seen = await provisioner.inspect(ref);
        if (seen.state === 'unknown') throw new DriverError('unavailable', seen.reason, { retryable: true });
        return seen;
      },
    }),
  },
  {
    flaw: 'does not report exits',
    caughtBy: ['crash-is-reported-once', 'requested-exit-is-marked', 'adoption', 'inspect-starts-watching'],
    breakage: (provisioner) => mapExits(provisioner, () => []),
  },
  {
    flaw: 'reports exits twice',
    caughtBy: ['crash-is-reported-once', 'adoption'],
    breakage: (provisioner) => mapExits(provisioner, (exit) => [exit, exit]),
  },
  {
    flaw: 'leaves secrets in the last words',
    caughtBy: ['crash-is-reported-once', 'failed-start'],
    breakage: (provisioner) => ({
      ensure: (spec, record, signal) => provisioner.ensure({ ...spec, secretNames: [] }, record, signal),
    }),
  },
  {
    flaw: 'reports every exit as an accident',
    caughtBy: ['requested-exit-is-marked'],
    breakage: (provisioner) => mapExits(provisioner, (exit) => [{ ...exit, requested: false }]),
  },
  {
    flaw: 'reports an exit with the generation that is wanted now',
    caughtBy: ['requested-exit-is-marked'],
    breakage: (provisioner) => {
      let latest = 0;
      return {
        ensure(spec, record, signal) {
          latest = spec.generation;
          return provisioner.ensure(spec, record, signal);
        },
        ...mapExits(provisioner, (exit) => [{ ...exit, generation: latest }]),
      };
    },
  },
  {
    flaw: 'says a failed start has worked',
    caughtBy: ['failed-start'],
    breakage: (provisioner) => ({
      async ensure(spec, record, signal) {
        try {
          return await provisioner.ensure(spec, record, signal);
        } catch (error) {
          if (error instanceof DriverError && error.logTail.length > 0) return provisioner.ensure(spec, record, signal);
          throw error;
        }
      },
    }),
  },
  {
    flaw: 'issues a token on every call',
    caughtBy: ['token-on-start-only', 'adoption'],
    breakage: (provisioner) => ({
      async ensure(spec, record, signal) {
        signal.throwIfAborted();
        const token = await spec.issueToken();
        return provisioner.ensure({ ...spec, issueToken: async () => token }, record, signal);
      },
    }),
  },
  {
    flaw: 'starts without a token when none can be had',
    caughtBy: ['failed-token'],
    breakage: (provisioner) => ({
      ensure: (spec, record, signal) =>
        provisioner.ensure({ ...spec, issueToken: () => spec.issueToken().catch(() => '') }, record, signal),
    }),
  },
  {
    flaw: 'starts afresh after a restart of the server instead of adopting',
    caughtBy: ['adoption'],
    breakage: (provisioner) => {
      let isFirstCall = true;
      return {
        async ensure(spec, record, signal) {
          if (isFirstCall && record !== null) {
            await provisioner.stop({ workspaceId: spec.workspaceId, generation: spec.generation, record }, signal);
          }
          isFirstCall = false;
          return provisioner.ensure(spec, record, signal);
        },
      };
    },
  },
  {
    flaw: 'adopts an instance that looks for the server elsewhere',
    caughtBy: ['moved-server'],
    breakage: (provisioner) => ({
      ensure: (spec, record, signal) =>
        provisioner.ensure({ ...spec, platformUrl: record?.platformUrl ?? spec.platformUrl }, record, signal),
    }),
  },
  {
    flaw: 'needs the record to find an instance',
    caughtBy: ['lost-record'],
    breakage: (provisioner) => ({
      inspect: async (ref) => (ref.record === null ? { state: 'absent' } : provisioner.inspect(ref)),
    }),
  },
  {
    flaw: 'inspects without watching',
    caughtBy: ['inspect-starts-watching'],
    breakage: (provisioner) => {
      const started = new Set<string>();
      return {
        async ensure(spec, record, signal) {
          const made = await provisioner.ensure(spec, record, signal);
          started.add(made.instanceId);
          return made;
        },
        ...mapExits(provisioner, (exit) => (started.has(exit.instanceId) ? [exit] : [])),
      };
    },
  },
];

/** The ids of the clauses that a fake broken in this way fails. */
async function redClauses(breakage: Breakage): Promise<readonly string[]> {
  const results = await Promise.all(
    ALL_CLAUSES.map(async (clause) => {
      const subject = createFakeSubject((provisioner) => ({ ...provisioner, ...breakage(provisioner) }));
      const isGreen = await clause.check(subject).then(
        () => true,
        () => false,
      );
      return isGreen ? [] : [clause.id];
    }),
  );
  return results.flat();
}

describe('the conformance suite', () => {
  it('is green on the unbroken fake', async () => {
    expect(await redClauses(() => ({}))).toEqual([]);
  });

  for (const { flaw, caughtBy, breakage } of [...MUTANTS, ...FILE_MUTANTS]) {
    it(`catches a provisioner that ${flaw}`, async () => {
      expect(await redClauses(breakage)).toEqual(expect.arrayContaining([...caughtBy]));
    });
  }

  it('has a mutant for every clause', () => {
    const aimedAt = new Set([...MUTANTS, ...FILE_MUTANTS].map(({ caughtBy }) => caughtBy[0]));
    expect(ALL_CLAUSES.map(({ id }) => id).filter((id) => !aimedAt.has(id))).toEqual([]);
  });
});
