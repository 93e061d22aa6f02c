/**
 * The configuration folder of a workspace as it is now: what lies on its volume or, before its first start, what that
 * start would lay there. Hidden files and links are no part of it.
 */
export interface Configuration {
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** Null when it is gone meanwhile, or larger than `bytesMax`. */
  read(path: string, bytesMax: number): Promise<Buffer | null>;
}

/** Throws a refusal, or `StartRefusal`, when the folder cannot be looked at; each says why, for people. */
export type OpenConfiguration = (workspaceId: string) => Promise<Configuration>;
