import type { Clock } from '../../platform/clock.js';
import type { InstanceRecord } from '../provisioner.js';
import { createRedactor } from '../redaction.js';
import {
  IDENTITY_VARIABLES,
  INSTANCE_ID_VARIABLE,
  isSameProcess,
  PLATFORM_URL_VARIABLE,
  type ProcessFacts,
  type ProcessIdentity,
  type ProcessTable,
  RUN_DIR_VARIABLE,
} from './process-table.js';
import { findReadyPort, type InstanceNote, type WorkspaceFolder } from './workspace-folder.js';

/** A living instance found on this host. */
export interface FoundInstance {
  readonly record: InstanceRecord;
  readonly identity: ProcessIdentity;
  readonly redact: (line: string) => string;
}

export interface InstanceSearch {
  readonly folder: WorkspaceFolder;
  /** What the workspace's folder says about its last start. */
  readonly note: InstanceNote | null;
  /** What the caller knows of it. */
  readonly record: InstanceRecord | null;
  readonly hostId: string;
  readonly table: ProcessTable;
  readonly clock: Clock;
}

/** The living instance of a workspace, whichever of its traces has survived; null when none lives. */
export async function findInstance(search: InstanceSearch): Promise<FoundInstance | null> {
  const { folder, note, record, hostId } = search;
  const located = await locate(search);
  if (located === null) return null;
  const { identity, facts } = located;
  const known = [note, record].find((source) => source?.instanceId === identity.instanceId);
  const about = {
    instanceId: identity.instanceId,
    // An instance of which nothing is known but that it is ours counts as older than any.
    generation: known?.generation ?? 0,
    platformUrl: facts.env[PLATFORM_URL_VARIABLE] ?? null,
    startedAt: known?.startedAt ?? search.clock.now().toISOString(),
  };
  return {
    record: toRecord(hostId, about, identity, await findReadyPort(folder, identity.instanceId)),
    identity,
    redact: createRedactor(facts.env, note?.secretNames ?? []),
  };
}

/** By the note in its folder, by the caller's record, and only when both may be missing by its variables. */
async function locate(search: InstanceSearch): Promise<{ identity: ProcessIdentity; facts: ProcessFacts } | null> {
  const { folder, note, record, table } = search;
  const names = [...IDENTITY_VARIABLES, PLATFORM_URL_VARIABLE, ...(note?.secretNames ?? [])];
  for (const identity of [toIdentity(note), fromRecord(record)]) {
    if (identity === null) continue;
    const facts = await table.find(identity.pid, names);
    if (facts !== null && isSameProcess(facts, identity)) return { identity, facts };
  }
  if (note !== null && note.process !== null) return null;
  const leader = (await table.all(names)).find(
    (facts) => facts.env[RUN_DIR_VARIABLE] === folder.run && facts.groupId === facts.pid,
  );
  const instanceId = leader?.env[INSTANCE_ID_VARIABLE];
  if (leader === undefined || instanceId === undefined) return null;
  return { identity: { pid: leader.pid, startTime: leader.startTime, instanceId }, facts: leader };
}

export function toRecord(
  hostId: string,
  about: Pick<InstanceRecord, 'instanceId' | 'generation' | 'platformUrl' | 'startedAt'>,
  identity: ProcessIdentity,
  port: number | null,
): InstanceRecord {
  return {
    kind: 'process',
    hostId,
    instanceId: about.instanceId,
    generation: about.generation,
    url: port === null ? null : `http://127.0.0.1:${port}`,
    platformUrl: about.platformUrl,
    startedAt: about.startedAt,
    handle: { pid: identity.pid, startTime: identity.startTime },
  };
}

export function toIdentity(note: InstanceNote | null): ProcessIdentity | null {
  return note === null || note.process === null ? null : { ...note.process, instanceId: note.instanceId };
}

/** Records come back from a row, so their handle is read like any other input. */
export function fromRecord(record: InstanceRecord | null): ProcessIdentity | null {
  if (record === null || record.kind !== 'process') return null;
  const { pid, startTime } = record.handle;
  if (typeof pid !== 'number' || typeof startTime !== 'string') return null;
  return { pid, startTime, instanceId: record.instanceId };
}
