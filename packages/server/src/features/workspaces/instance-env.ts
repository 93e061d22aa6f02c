import { MODEL_VARIABLE } from '@molecule/contract/providers';

/** What the environment of an instance is made of. */
export interface EnvSource {
  /** Global secrets, overridden by the workspace's own. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly runtime: string;
  /** What lists show as the owner's choice; counts where no secret names a model. */
  readonly model: string | null;
  readonly role: string | null;
}

/** Runtimes that read the model under names of their own, besides MODEL (contract lifecycle §4.10 step 4). */
const MODEL_NAMES: Readonly<Record<string, readonly string[]>> = {
  hermes: ['HERMES_DEFAULT_MODEL', 'HERMES_INFERENCE_MODEL'],
};

/**
 * The variables of an instance in the order of contract lifecycle §4.10, each step over the one before: secrets, the
 * model for every runtime (R23), the role. Plug-ins come after it (`env-mutators.ts`), the driver's own names last.
 */
export function deriveEnv({ secrets, runtime, model, role }: EnvSource): Readonly<Record<string, string>> {
  const env: Record<string, string> = { ...secrets };
  const chosen = secrets[MODEL_VARIABLE] || model;
  if (chosen) {
    for (const name of ['MODEL', ...(MODEL_NAMES[runtime] ?? [])]) env[name] = chosen;
  }
  if (role) env.MOLECULE_AGENT_ROLE = role;
  return env;
}
