import { deriveProvider, MODEL_VARIABLE, PROVIDER_VARIABLE } from '@molecule/contract/providers';

/** Kept like secrets, but told to everybody who may see the workspace. */
export const PUBLIC_KEYS: ReadonlySet<string> = new Set([MODEL_VARIABLE, PROVIDER_VARIABLE]);

/**
 * The secrets a new workspace is stored with: those its owner gave and, for a model, the model as it was written and the
 * provider its prefix names, if it names one (contract lifecycle §1.1 step 3, R22). A provider the owner gave stays.
 */
export function withChosenModel(
  secrets: Readonly<Record<string, string>>,
  model: string | null,
): Readonly<Record<string, string>> {
  if (model === null || model === '') return secrets;
  const provider = secrets[PROVIDER_VARIABLE] || deriveProvider(model);
  return { ...secrets, [MODEL_VARIABLE]: model, ...(provider ? { [PROVIDER_VARIABLE]: provider } : {}) };
}
