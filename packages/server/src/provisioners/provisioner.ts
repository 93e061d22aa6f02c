import type { FileAccess } from './files.js';
import type { RuntimeInstalls } from './runtime-installs.js';

/**
 * The port between the control plane and whatever runs agents (design §6).
 *
 * Callers hand over a complete spec and trust the answer; they never branch on `kind`. What differs between backends is
 * a capability, what must be equal (one verb at a time per workspace, newer wishes first, errors of one class) lives in
 * `shared-semantics.ts`, so that a driver only moves processes and files.
 */

/** Every kind a workspace row may name. `all-drivers.test.ts` proves that each one runs the conformance suite. */
export const KNOWN_PROVISIONERS = ['process', 'external'] as const;

/** One file of the agent's configuration folder (the contract's `/configs`). */
export interface ConfigFile {
  /** Relative, with forward slashes. Absolute paths, `..` and paths through symlinks are refused. */
  readonly path: string;
  readonly content: Buffer;
  /** Permission bits; 0644 unless told. */
  readonly mode?: number;
}

/** What a driver sees of a configuration folder before it writes there. */
export interface ConfigFolder {
  /** When an instance became ready on this very folder for the first time, ISO 8601; null when none ever did. */
  readonly provisionedAt: string | null;
}

/** The mark of that moment in the folder: one line, ISO 8601. It goes with the folder, whatever a database remembers. */
export const PROVISIONED_FILE = '.provisioned';

/** The whole of what one instance needs. It is rebuilt from the row for each call, never from the instance before it. */
export interface InstanceSpec {
  readonly workspaceId: string;
  /** Shown to people only. */
  readonly name: string;
  /** The generation this instance speaks for. */
  readonly generation: number;
  readonly runtime: string;
  /** Memory the instance may use, in MiB, as far as the backend can bound it; null for as much as there is. */
  readonly memoryMb: number | null;
  /** The whole of what the owner and the platform decided, the model among it. The driver adds the fixed ones, which win over an equal name here. */
  readonly env: Readonly<Record<string, string>>;
  /** Names in `env` whose values must never be shown: log tails handed out by the driver have them blanked. */
  readonly secretNames: readonly string[];
  /** Base URL under which the instance reaches the server. */
  readonly platformUrl: string;
  /**
   * Called at most once, and only when an instance is really about to be started: adopting a living one must not revoke
   * its token. The result is written to `.auth_token` (0600) before the start and appears in no environment or argument.
   */
  issueToken(): Promise<string>;
  /**
   * What to write. Called at most once, and only by a driver that is about to write it: a workspace whose configuration
   * is in place needs nothing of what it was made from. When it rejects, `ensure` rejects and nothing was written.
   */
  composeConfig(folder: ConfigFolder): Promise<readonly ConfigFile[]>;
  /**
   * `if-missing`: write what `composeConfig` yields when the configuration folder has no `config.yaml`, otherwise leave it
   * alone. `overwrite`: write each of the files over what is there; other files stay. `none`: write nothing.
   * All of them or none: a start that fails while writing leaves the folder as it was.
   */
  readonly seedConfig: 'if-missing' | 'overwrite' | 'none';
  /**
   * Called with a `config.yaml` that `if-missing` left alone. Returns what it has to say from now on, written before
   * `checkConfig` is asked; null leaves it as it is. Not called for one that is no plain file of at most 1 MiB.
   */
  amendConfig(configYaml: string): string | null;
  /** Ask the agent to forget its conversations before it takes up work; what it has accepted, it still does once. */
  readonly resetSession: boolean;
  /** Called once the driver has written them, before the instance starts; not called when it left the folder alone. */
  configWritten(): void;
  /**
   * Called with the `config.yaml` the instance is about to find, its owner's edits included, after `configWritten` and
   * before `issueToken`; null when it is no plain file of at most 1 MiB. Returns why the instance must not start, for
   * people: `ensure` then rejects for good with these words. Not called by a driver that cannot see the file.
   */
  checkConfig(configYaml: string | null): string | null;
  /** A folder of the owner's to work in, instead of one the driver keeps. Never deleted by the driver. */
  readonly workspaceDir: string | null;
}

/** What is known of a started instance: plain JSON, kept on the workspace row and handed back with every later call. */
export interface InstanceRecord {
  readonly kind: string;
  /** The host whose driver started it; null when it is not bound to a host. */
  readonly hostId: string | null;
  /** Random per start. */
  readonly instanceId: string;
  readonly generation: number;
  /** Where the agent answers; null when the driver does not decide that (external). */
  readonly url: string | null;
  /** Where it looks for the server: `platformUrl` of its spec. Null when the driver does not decide that, or cannot tell. */
  readonly platformUrl: string | null;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The driver's own (pid, start time, container id, …). Opaque to callers. */
  readonly handle: Readonly<Record<string, string | number>>;
}

export interface InstanceRef {
  readonly workspaceId: string;
  /** The generation the caller speaks for. A verb never touches an instance of a newer one. */
  readonly generation: number;
  /** Null when the row has none, for instance after a crash before it was written: the driver then searches. */
  readonly record: InstanceRecord | null;
}

/**
 * Whether a living instance is the one that is wanted. One that looks for the server where it no longer is could never
 * report again: it keeps its address from its start to its end.
 */
export function isWanted(
  instance: InstanceRecord,
  { generation, platformUrl }: Pick<InstanceSpec, 'generation' | 'platformUrl'>,
): boolean {
  if (instance.generation !== generation) return false;
  return instance.platformUrl === null || instance.platformUrl === platformUrl;
}

/** `unknown` never leads to anything destructive (contract R43). */
export type Inspection =
  | { readonly state: 'running'; readonly record: InstanceRecord }
  /** Was started, does not run, its files are kept. */
  | { readonly state: 'stopped' }
  /** The driver has nothing of this workspace. */
  | { readonly state: 'absent' }
  | {
      readonly state: 'unknown';
      readonly reason: string;
      /** Where asking failed, rather than the answer being that it cannot be known. */
      readonly error?: DriverError;
    };

export interface InstanceListing {
  readonly workspaceId: string;
  /** Null when only the files tell of it. */
  readonly instanceId: string | null;
  readonly generation: number;
  readonly running: boolean;
}

/** The end of an instance that had become ready. Ends during the start are the rejection of `ensure` instead. */
export interface InstanceExit {
  readonly workspaceId: string;
  readonly generation: number;
  readonly instanceId: string;
  /** Both null when it was not our child (adopted after a restart of the server). */
  readonly code: number | null;
  readonly signal: string | null;
  /** ISO 8601. */
  readonly at: string;
  /** The last lines of its output (at most 40), secrets blanked. */
  readonly logTail: readonly string[];
  /** True when `stop`, `destroy` or the `ensure` of a newer generation ended it. */
  readonly requested: boolean;
}

export interface ConsolePage {
  readonly lines: readonly string[];
  /** Hand it back to read on. Opaque. */
  readonly cursor: string;
}

export interface ConsoleAccess {
  /**
   * Output of the agent, across its restarts. Without a cursor the last `linesMax` lines; with one, at most `linesMax`
   * complete lines written since. Empty when there is no output. A cursor older than a log rotation starts at the
   * beginning of what is kept. Throws DriverError.
   */
  read(
    workspaceId: string,
    options: { readonly linesMax: number; readonly cursor: string | null },
  ): Promise<ConsolePage>;
}

export interface ProvisionerCapabilities {
  /** Starts and ends something itself. False: `list` is empty, no exits are reported, and only the record says "running". */
  readonly runsInstances: boolean;
  /** Instances live on one host and only a driver there can act on them; records then carry its `hostId`. */
  readonly hostBound: boolean;
  /** Instances are stopped when the server is stopped in order (Ctrl-C, SIGTERM). */
  readonly stopsWithServer: boolean;
}

/** Runs workspaces somewhere. Safe to call from anywhere at any time; verbs on one workspace wait for each other. */
export interface Provisioner {
  /** Recorded on rows and shown to people. Not a capability: callers may not branch on it. */
  readonly kind: string;
  readonly capabilities: ProvisionerCapabilities;
  /** Null when the backend has none. */
  readonly console: ConsoleAccess | null;
  /** Null when the backend keeps no files of its workspaces. They last while their workspace is stopped. */
  readonly files: FileAccess | null;
  /** Null when nothing has to be installed before an instance can start. */
  readonly installs: RuntimeInstalls | null;

  /**
   * Makes exactly one instance of `spec.generation` run and resolves when it accepts connections. Repeatable: while one
   * of that generation runs, the same instance is answered (and adopted when this process did not start it). Instances of
   * older generations, and those that look for the server elsewhere, are stopped first; an older `spec.generation` than
   * what runs is refused. A driver that keeps a configuration folder leaves the mark of the first success in it.
   * Rejects with DriverError; then nothing of this attempt runs. Aborting `signal`, or a newer verb, ends it the same way.
   */
  ensure(spec: InstanceSpec, record: InstanceRecord | null, signal: AbortSignal): Promise<InstanceRecord>;

  /**
   * Resolves when nothing of the workspace up to `ref.generation` runs any more. Files stay. Unknown workspaces and
   * repeated calls succeed. Cancels an `ensure` under way. Rejects with DriverError when that cannot be known.
   */
  stop(ref: InstanceRef, signal: AbortSignal): Promise<void>;

  /** `stop`, then deletes every file and name the driver holds for the workspace. Repeatable. Rejects with DriverError. */
  destroy(ref: InstanceRef, signal: AbortSignal): Promise<void>;

  /** Never throws and changes nothing. What it calls `running` is watched from then on: its exit will be reported. */
  inspect(ref: InstanceRef): Promise<Inspection>;

  /** Everything this driver holds, running or stopped, for the search for orphans; never what it did not create. */
  list(): Promise<readonly InstanceListing[]>;

  /** Exits are reported at once and once each. The returned function unsubscribes. */
  onExit(listener: (exit: InstanceExit) => void): () => void;

  /** Stops watching and releases handles. Instances live on. */
  close(): Promise<void>;
}

export type DriverErrorKind =
  /** The backend cannot be reached or asked. */
  | 'unavailable'
  /** The backend said no, or the instance did not come up. */
  | 'rejected'
  /** It took longer than allowed, or the caller gave up. */
  | 'timeout'
  /** The driver itself failed: a bug, which no further attempt mends. Whether anything runs is not known. */
  | 'defect';

/** The only error a provisioner throws. Its message is for people and contains no secrets; `cause` is for the log only. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
  readonly kind: DriverErrorKind;
  /** Whether the same call may succeed later without anyone changing anything. */
  readonly retryable: boolean;
  /** Last lines of the instance's output (at most 40, secrets blanked) when it failed to come up; otherwise empty. */
  readonly logTail: readonly string[];

  constructor(
    kind: DriverErrorKind,
    message: string,
    options: { retryable: boolean; cause?: unknown; logTail?: readonly string[] },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.retryable = options.retryable;
    this.logTail = options.logTail ?? [];
  }
}
