import type { PatchWorkspace, Workspace } from '@molecule/contract';
import { ApiError } from '@molecule/contract/client';

/** What a person can write about an agent, as the texts of its form. */
export interface Settings {
  readonly name: string;
  readonly role: string;
  readonly tier: string;
  readonly runtime: string;
  readonly workspaceDir: string;
  readonly idleMinutes: string;
}

export type SettingName = keyof Settings;

export function settingsOf(agent: Workspace): Settings {
  return {
    name: agent.name,
    role: agent.role ?? '',
    tier: String(agent.tier),
    runtime: agent.runtime,
    workspaceDir: agent.workspace_dir ?? '',
    idleMinutes: agent.hibernation_idle_minutes === null ? '' : String(agent.hibernation_idle_minutes),
  };
}

/** The fields whose text differs from what is stored; null when there is none, so that nothing has to be sent. */
export function changesOf(agent: Workspace, typed: Partial<Settings>): PatchWorkspace | null {
  const stored = settingsOf(agent);
  const next = { ...stored, ...typed };
  const differs = (field: SettingName) => next[field].trim() !== stored[field];
  const change: PatchWorkspace = {
    ...(differs('name') ? { name: next.name.trim() } : {}),
    ...(differs('role') ? { role: next.role.trim() || null } : {}),
    ...(differs('tier') ? { tier: Number(next.tier) } : {}),
    ...(differs('runtime') ? { runtime: next.runtime.trim() } : {}),
    ...(differs('workspaceDir') ? { workspace_dir: next.workspaceDir.trim() || null } : {}),
    ...(differs('idleMinutes')
      ? { hibernation_idle_minutes: next.idleMinutes.trim() === '' ? null : Number(next.idleMinutes) }
      : {}),
  };
  return Object.keys(change).length === 0 ? null : change;
}

/** What is wrong with a text before anybody is asked; null when it can be sent. */
export function faultIn(field: SettingName, text: string): string | null {
  switch (field) {
    case 'name':
      return text.trim() === '' ? 'An agent needs a name.' : null;
    case 'idleMinutes':
      return text.trim() === '' || (/^\d{1,6}$/.test(text.trim()) && Number(text) <= 525_600)
        ? null
        : 'Whole minutes, at most 525600 (one year). Empty: never.';
    case 'role':
    case 'tier':
    case 'runtime':
    case 'workspaceDir':
      return null;
  }
}

/** Whether what was changed reaches the instance only when it is started anew. */
export function waitsForRestart(change: PatchWorkspace): boolean {
  return change.tier !== undefined || change.runtime !== undefined || change.workspace_dir !== undefined;
}

const wireNames: ReadonlyMap<string, SettingName> = new Map([
  ['name', 'name'],
  ['role', 'role'],
  ['tier', 'tier'],
  ['runtime', 'runtime'],
  ['workspace_dir', 'workspaceDir'],
  ['hibernation_idle_minutes', 'idleMinutes'],
]);

/** Which field a refusal is about, so that it is told there; null when it is about none of them. */
export function fieldRefused(error: unknown): SettingName | null {
  if (!(error instanceof ApiError)) return null;
  if (error.code === 'invalid_workspace_directory') return 'workspaceDir';
  // The texts of the contract begin with the field; those of a body that does not fit name it in the help.
  const named =
    error.code === 'invalid_field'
      ? /^(\w+)/.exec(error.message)
      : error.code === 'invalid_request_body'
        ? /\/(\w+)/.exec(error.help ?? '')
        : null;
  return wireNames.get(named?.[1] ?? '') ?? null;
}
