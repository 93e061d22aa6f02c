import { chmod, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RESET_SESSION_FILE } from '@molecule/contract/runtime-files';
import { DriverError, type InstanceSpec, PROVISIONED_FILE } from '../provisioner.js';
import { writeConfigs } from './config-seeding.js';
import {
  deleteFolder,
  ensureFolder,
  findFile,
  findStats,
  hasCode,
  isPlainFile,
  isRealFolder,
  writeFileInside,
} from './folder-files.js';

/** The folder of one workspace: `<dataDir>/workspaces/<id>/{configs,workspace,home,logs,run}`, each 0700 (design §5). */
export interface WorkspaceFolder {
  readonly root: string;
  readonly configs: string;
  readonly workspace: string;
  readonly home: string;
  readonly logs: string;
  readonly run: string;
  readonly tmp: string;
}

const PARTS = ['workspace', 'home', 'logs', 'run'] as const;

/** What `run/instance.json` holds: written before the start, so that nothing on disk or running is ever unlisted. */
export interface InstanceNote {
  readonly hostId: string;
  readonly instanceId: string;
  readonly generation: number;
  readonly startedAt: string;
  /** Names, not values: whose values are blanked in log tails after an adoption. */
  readonly secretNames: readonly string[];
  /** Null between writing the note and the start; a server killed there finds the process by its run folder. */
  readonly process: { readonly pid: number; readonly startTime: string } | null;
}

/** Null when the id cannot name a folder; workspace ids are UUIDs, so such a workspace cannot be ours. */
export function toWorkspaceFolder(workspacesDir: string, workspaceId: string): WorkspaceFolder | null {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(workspaceId)) return null;
  const root = join(workspacesDir, workspaceId);
  const run = join(root, 'run');
  return {
    root,
    configs: join(root, 'configs'),
    workspace: join(root, 'workspace'),
    home: join(root, 'home'),
    logs: join(root, 'logs'),
    run,
    tmp: join(run, 'tmp'),
  };
}

/** Repeatable. Refuses when an agent has put a link where a folder belongs. */
export async function ensureWorkspaceFolder(workspacesDir: string, folder: WorkspaceFolder): Promise<void> {
  await mkdir(workspacesDir, { recursive: true, mode: 0o700 });
  for (const path of [folder.root, ...PARTS.map((part) => folder[part])]) await ensureOwnFolder(path);
  if ((await findStats(folder.configs)) !== null) await ensureOwnFolder(folder.configs);
}

async function ensureOwnFolder(path: string): Promise<void> {
  await ensureFolder(path, 0o700);
  await chmod(path, 0o700);
}

/** Removes what an earlier instance left in `run`, so that its readiness cannot be taken for that of the next. */
export async function clearRunFolder(folder: WorkspaceFolder): Promise<void> {
  await rm(join(folder.run, 'ready.json'), { force: true, recursive: true });
  await rm(folder.tmp, { force: true, recursive: true });
  await ensureFolder(folder.tmp, 0o700);
}

/**
 * Fills `configs` before the start, never after: an agent must not boot on half of its configuration (contract D12). Until
 * there is something to fill it with there is no such folder, so that a file its owner writes after a start that failed is
 * the first one, beside what a start would lay, and nothing that a later start writes over.
 */
export async function seedConfigs(folder: WorkspaceFolder, spec: InstanceSpec): Promise<void> {
  switch (spec.seedConfig) {
    case 'none':
      return ensureOwnFolder(folder.configs);
    case 'if-missing':
      if (await isPlainFile(join(folder.configs, 'config.yaml'))) return amendConfig(folder, spec);
      break;
    case 'overwrite':
      break;
  }
  const files = await spec.composeConfig({ provisionedAt: await findProvisionedAt(folder) });
  await ensureOwnFolder(folder.configs);
  try {
    await writeConfigs(folder.configs, files);
  } catch (error) {
    // Refused where something lies in it.
    await rmdir(folder.configs).catch(() => {});
    throw error;
  }
  spec.configWritten();
}

async function amendConfig(folder: WorkspaceFolder, spec: InstanceSpec): Promise<void> {
  const text = await readConfig(folder);
  const amended = text === null ? null : spec.amendConfig(text);
  if (amended === null) return;
  await writeConfigs(folder.configs, [{ path: 'config.yaml', content: Buffer.from(amended) }]);
}

/** The time in the mark of the first success; null when there is no mark, or an agent has spoilt it. */
async function findProvisionedAt(folder: WorkspaceFolder): Promise<string | null> {
  const text = (await findFile(join(folder.configs, PROVISIONED_FILE), 64))?.toString('utf8').trim() ?? '';
  return /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text) ? text : null;
}

/** Leaves the mark of the first success, unless it is there. */
export async function markProvisioned(folder: WorkspaceFolder, at: string): Promise<void> {
  if ((await findProvisionedAt(folder)) !== null) return;
  await writeFileInside(folder.configs, PROVISIONED_FILE, `${at}\n`, 0o644);
}

/** A configuration is a few KiB. */
const CONFIG_BYTES_MAX = 1024 * 1024;

/** Null when it is no plain file of a size that a configuration has. */
async function readConfig(folder: WorkspaceFolder): Promise<string | null> {
  const content = await findFile(join(folder.configs, 'config.yaml'), CONFIG_BYTES_MAX + 1);
  return content !== null && content.length <= CONFIG_BYTES_MAX ? content.toString('utf8') : null;
}

/** Lets the caller judge the configuration as the instance will find it; a refusal of theirs rejects for good. */
export async function checkConfig(folder: WorkspaceFolder, spec: InstanceSpec): Promise<void> {
  const reason = spec.checkConfig(await readConfig(folder));
  if (reason !== null) throw new DriverError('rejected', reason, { retryable: false });
}

export async function writeToken(folder: WorkspaceFolder, token: string): Promise<void> {
  await writeFileInside(folder.configs, '.auth_token', token, 0o600);
}

export async function writeNote(folder: WorkspaceFolder, note: InstanceNote): Promise<void> {
  await writeFileInside(folder.run, 'instance.json', JSON.stringify(note), 0o600);
}

/** Read by the agent at its start and taken away by it once it has forgotten, so that a crash before that loses nothing. */
export async function askToReset(folder: WorkspaceFolder): Promise<void> {
  await writeFileInside(folder.run, RESET_SESSION_FILE, '', 0o600);
}

/** Null when there is none or an agent has spoilt it; the instance is then found by its run folder. */
export async function findNote(folder: WorkspaceFolder): Promise<InstanceNote | null> {
  // A link in place of `run` would lead to a note of the agent's choosing.
  if (!(await isRealFolder(folder.run))) return null;
  const value = await findJson(join(folder.run, 'instance.json'));
  if (value === null) return null;
  const { hostId, instanceId, generation, startedAt, secretNames, process } = value;
  if (typeof hostId !== 'string' || typeof instanceId !== 'string' || typeof startedAt !== 'string') return null;
  if (typeof generation !== 'number' || !isStringArray(secretNames)) return null;
  return { hostId, instanceId, generation, startedAt, secretNames, process: toProcess(process) };
}

/** The port on 127.0.0.1 that this very instance announced, or null while it has not. */
export async function findReadyPort(folder: WorkspaceFolder, instanceId: string): Promise<number | null> {
  const value = await findJson(join(folder.run, 'ready.json'));
  if (value === null || value.instanceId !== instanceId) return null;
  const port = value.port;
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
}

/** Ids of all workspaces that have a folder here. */
export async function listWorkspaceIds(workspacesDir: string): Promise<readonly string[]> {
  try {
    return await readdir(workspacesDir);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Deletes the folder without following links out of it. The owner's own working folder lies elsewhere and stays. */
export async function deleteWorkspaceFolder(folder: WorkspaceFolder): Promise<void> {
  await deleteFolder(folder.root);
}

/** Where the agent works: the owner's folder when one is set, else its own. */
export async function getWorkingFolder(folder: WorkspaceFolder, spec: InstanceSpec): Promise<string> {
  if (spec.workspaceDir === null) return folder.workspace;
  // The owner names this folder, so a link is the owner's wish and is followed.
  if (await isRealFolder(join(spec.workspaceDir, '.'))) return spec.workspaceDir;
  throw new DriverError(
    'rejected',
    `Cannot start workspace ${spec.workspaceId}: its working folder ${spec.workspaceDir} does not exist. Create it or change workspace_dir.`,
    { retryable: false },
  );
}

async function findJson(path: string): Promise<Record<string, unknown> | null> {
  const content = await findFile(path, 16 * 1024);
  if (content === null) return null;
  try {
    const value: unknown = JSON.parse(content.toString('utf8'));
    // A JSON object is a record of unknown values, whatever its keys.
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    // Half written or spoilt: for the caller the same as not there.
    return null;
  }
}

function toProcess(value: unknown): InstanceNote['process'] {
  if (typeof value !== 'object' || value === null || !('pid' in value) || !('startTime' in value)) return null;
  const { pid, startTime } = value;
  return typeof pid === 'number' && typeof startTime === 'string' ? { pid, startTime } : null;
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
