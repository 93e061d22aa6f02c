/**
 * What the runtime reads from a workspace's `config.yaml` (contract lifecycle §21.2). Keys that only the platform or
 * another program reads are left alone.
 */
export interface RuntimeConfig {
  readonly name: string;
  readonly description: string;
  readonly role: string | null;
  readonly version: string;
  /** Which adapter answers. Absent means `llm`, which falls back to the demo behaviour without a key (design §10). */
  readonly runtime: string;
  /** The model the template asks for; the variable MODEL overrides it. */
  readonly model: string | null;
  /** Relative to the configs directory. Empty means `system-prompt.md`. */
  readonly promptFiles: readonly string[];
  readonly skills: readonly string[];
  /** Environment variables without which the workspace cannot work; checked before anything is started. */
  readonly requiredEnv: readonly string[];
  /** Said to the agent once, at its first start; null for nothing. */
  readonly initialPrompt: PromptSource | null;
  /** Said to the agent when it has nothing to do; null for nothing. */
  readonly idlePrompt: PromptSource | null;
  readonly idleIntervalSeconds: number;
  /** Turns that may run side by side; further messages wait in a bounded queue. */
  readonly maxConcurrentTasks: number;
}

/** A prompt as text, or the file it lies in, relative to the configs directory. */
export type PromptSource = { readonly text: string } | { readonly file: string };
