/**
 * The part of a provisioner that brings the programs of runtimes onto its machine. Null where every runtime is already
 * there, or somebody else's concern.
 */
export interface RuntimeInstalls {
  /**
   * What a start has to know, asked by `asker`, a name for one wish of one workspace. Begins an install when the program is
   * missing, and never waits for it: ask again. A failure is told once to everyone who waited for that attempt; whoever
   * asks after that begins another.
   */
  request(runtime: string, asker: string): Promise<RuntimeReadiness>;
  /** The same for a person: kept going whether or not a workspace waits. */
  begin(runtime: string): Promise<RuntimeReadiness>;
  /** Installs this process has under way. */
  active(): readonly ActiveInstall[];
  /** Runtimes whose install ended, well or not, since the last call. */
  takeEnded(): readonly string[];
  /** Gives up an install under way, unless a person began it. Repeatable. */
  abandon(runtime: string): void;
  /** Every runtime this provisioner can install, and every version found on its disk. */
  list(): Promise<readonly InstallableRuntime[]>;
  /** Deletes the versions found on disk; answers what is left. An install under way is given up first. */
  remove(runtime: string): Promise<InstallableRuntime>;
}

export type RuntimeReadiness =
  | { readonly state: 'ready' }
  | { readonly state: 'installing'; readonly note: string }
  /** `reason` is a sentence for people that says what to do. */
  | { readonly state: 'failed'; readonly reason: string }
  /** The operator has said that nothing may be installed. */
  | { readonly state: 'refused'; readonly reason: string };

export interface ActiveInstall {
  readonly runtime: string;
  /** For people; differs from the one before whenever the install got on. */
  readonly note: string;
  /** Grows while the install gets on. */
  readonly bytes: number;
}

export interface InstallableRuntime {
  readonly runtime: string;
  readonly package: string;
  /** The version agents are started with. */
  readonly version: string;
  readonly state: 'installed' | 'missing' | 'installing' | 'from_path';
  readonly note: string | null;
  /** On disk, per version; the current one and older ones that nothing uses any more. */
  readonly versions: readonly { readonly version: string; readonly bytes: number; readonly installedAt: string }[];
  /** About what the download needs, in MiB. */
  readonly downloadMb: number;
  /** Why the last attempt failed; null when it did not. */
  readonly lastFailure: string | null;
}
