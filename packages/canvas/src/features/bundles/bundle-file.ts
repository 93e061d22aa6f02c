import type { Bundle } from '@molecule/contract';

/** Name under which a bundle is saved; file systems refuse some of what agents may be called. */
export function fileNameOf(agentName: string): string {
  const plain = agentName.replace(/[^\p{L}\p{N}._ -]/gu, '').trim();
  return `${plain || 'agent'}.bundle.json`;
}

/** Hands a bundle to the browser as a download. */
export function saveBundle(bundle: Bundle): string {
  const name = fileNameOf(bundle.name);
  const url = URL.createObjectURL(new Blob([`${JSON.stringify(bundle, null, 2)}\n`], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
  return name;
}

/** The file a person chose is something else. The message says what to choose. */
export class NoBundleError extends Error {
  override readonly name = 'NoBundleError';
}

/** Throws {@link NoBundleError}. */
export async function readBundle(file: File): Promise<Record<string, unknown>> {
  const value = toJson(await file.text());
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new NoBundleError(`${file.name} holds none. Choose a file that was exported from an agent.`);
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Children that could not be exported, on every level. */
export function listOmitted(bundle: { readonly [key: string]: unknown }): string[] {
  const own = Array.isArray(bundle.omitted) ? bundle.omitted.map((entry: { name: string }) => entry.name) : [];
  const below = Array.isArray(bundle.sub_workspaces) ? bundle.sub_workspaces : [];
  return [...own, ...below.flatMap(listOmitted)];
}
