import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseUuid } from '@molecule/contract';
import { ApiError, createClient } from '@molecule/contract/client';
import { type Context, NoServerError, RefusedError, UsageError } from '../../command.js';
import { addressFault, PROGRAM } from '../../config.js';
import { findWorkspace } from '../../find-workspace.js';
import { refuseTaken } from '../ws/seat-taken.js';
import { lockFolder } from './lock.js';

/** The workspace a command is driven as, and what opens it. */
export interface Seat {
  readonly id: string;
  readonly token: string;
  readonly platformUrl: string;
  /** Holds how far its inbox was read and what became of each message. */
  readonly folder: string;
  /** For people. */
  readonly name: string;
  /** No other process of this machine takes it before. */
  leave(): Promise<void>;
}

/**
 * The workspace that was asked for: given by id and token, by the variables of its snippet, by its name, or made anew. One
 * that was made here is found again by the next call with the same words, so that the same line may be run twice.
 */
export async function takeSeat(context: Context): Promise<Seat> {
  const { flags, args, environment } = context;
  const wanted = args[0];
  const { name, id, token } = { name: words(flags.name), id: words(flags.id), token: words(flags.token) };
  if ([wanted, name, id].filter((one) => one !== undefined).length > 1) {
    throw new UsageError('name the workspace once: by its name, by --name for a new one, or by --id and --token');
  }
  if (flags.parent !== undefined && name === undefined) throw new UsageError('--parent belongs to --name');
  if (flags['new-token'] === true && wanted === undefined) {
    throw new UsageError(
      '--new-token belongs to a workspace that is named: connect <workspace> --new-token -- <command>',
    );
  }
  if (id !== undefined || token !== undefined) {
    if (id === undefined || token === undefined) throw new UsageError('--id and --token belong together');
    return given(context, id, token, environment.url);
  }
  if (name !== undefined) return makeOrFind(context, name, words(flags.parent));
  if (wanted !== undefined) return findKnown(context, wanted);
  const { agent } = environment;
  if (agent) return given(context, agent.id, agent.token, agent.platformUrl ?? environment.url);
  throw new UsageError(
    'which workspace? Name one, make one with --name, or set WORKSPACE_ID and MOLECULE_WORKSPACE_TOKEN (and PLATFORM_URL)',
  );
}

async function given(context: Context, id: string, token: string, url: string | null): Promise<Seat> {
  const workspaceId = parseUuid(id);
  if (workspaceId === null) throw new UsageError(`"${id}" is no workspace id`);
  const fault = addressFault({ ...context.environment, url });
  if (url === null || fault !== null) throw new NoServerError(fault ?? 'no server is known');
  return sit(context, { id: workspaceId, platformUrl: url, name: workspaceId }, async () => token);
}

/** It is locked before its token is found, because that may be a new one: then whoever works there would be put out. */
async function sit(
  context: Context,
  who: Pick<Seat, 'id' | 'platformUrl' | 'name'>,
  findToken: (folder: string) => Promise<string>,
): Promise<Seat> {
  const folder = await folderOf(context, who.id);
  const leave = await lockFolder(folder, who.name);
  try {
    return { ...who, folder, token: await findToken(folder), leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

async function makeOrFind(context: Context, name: string, parent: string | undefined): Promise<Seat> {
  const client = context.client();
  const platformUrl = context.environment.url ?? '';
  const parentId = parent === undefined ? null : (await findWorkspace(client, parent)).id;
  const note = join(context.environment.dataDir, 'connect', `${fingerprint([platformUrl, name, parentId])}.json`);
  const known = await readNote(note);
  if (known && (await isOpenedBy(platformUrl, known))) {
    return sit(context, { id: known.id, platformUrl, name }, async () => known.token);
  }
  const next =
    `Its token is not on this machine, or no longer valid: "${PROGRAM} connect ${name} --new-token -- <command>" takes its ` +
    'place with a new one. Or choose another name.';
  await refuseTaken(client, name, parentId, next);
  const { body } = await client.call('createWorkspace', {
    body: { name, external: true, ...(parentId === null ? {} : { parent_id: parentId }) },
  });
  const token = 'connection' in body ? body.connection?.auth_token : undefined;
  if (!token) throw new RefusedError(`the server made workspace ${body.id} without a token for it`);
  return sit(context, { id: body.id, platformUrl, name }, async (folder) => {
    await writeNote(note, { id: body.id, token });
    await writeNote(join(folder, 'seat.json'), { id: body.id, token });
    context.note(`Made the workspace ${name} (${body.id}).`);
    return token;
  });
}

async function findKnown(context: Context, wanted: string): Promise<Seat> {
  const client = context.client();
  const platformUrl = context.environment.url ?? '';
  const workspace = await findWorkspace(client, wanted);
  if (workspace.runtime !== 'external') {
    throw new RefusedError(`${workspace.name} is run by this server (runtime ${workspace.runtime})`, {
      help: 'Only a workspace whose agent runs elsewhere can be connected. --name makes one.',
    });
  }
  return sit(context, { id: workspace.id, platformUrl, name: workspace.name }, async (folder) => {
    const note = join(folder, 'seat.json');
    if (context.flags['new-token'] !== true) {
      const known = await readNote(note);
      if (known && (await isOpenedBy(platformUrl, known))) return known.token;
      throw new RefusedError(`there is no token of ${workspace.name} on this machine`, {
        help: `Give it with --id ${workspace.id} --token <token>, or add --new-token: then the token of whoever works there now stops working.`,
      });
    }
    const { body } = await client.call('rotateExternal', { params: { id: workspace.id } });
    await writeNote(note, { id: workspace.id, token: body.auth_token });
    return body.auth_token;
  });
}

interface Note {
  readonly id: string;
  readonly token: string;
}

/** A workspace that was removed, or whose token was replaced, is not taken again. Any other trouble says nothing about it. */
async function isOpenedBy(baseUrl: string, { id, token }: Note): Promise<boolean> {
  try {
    await createClient({ baseUrl, token: () => token }).call('getWorkspace', { params: { id } });
    return true;
  } catch (error) {
    if (error instanceof ApiError && [401, 404, 410].includes(error.status)) return false;
    throw error;
  }
}

async function folderOf({ environment }: Context, id: string): Promise<string> {
  const folder = join(environment.dataDir, 'connect', id);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new RefusedError(`cannot write to ${folder}: ${error instanceof Error ? error.message : String(error)}`, {
      help: `Set MOLECULE_DATA_DIR to a folder of yours; ${PROGRAM} connect keeps there what it has answered.`,
    });
  }
  return folder;
}

async function readNote(path: string): Promise<Note | null> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<Note> | null;
    return typeof value?.id === 'string' && typeof value.token === 'string'
      ? { id: value.id, token: value.token }
      : null;
  } catch {
    // Not there, or torn: then the token is not known here.
    return null;
  }
}

async function writeNote(path: string, note: Note): Promise<void> {
  await writeFile(`${path}.tmp`, `${JSON.stringify(note)}\n`, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

function fingerprint(parts: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

function words(flag: string | boolean | undefined): string | undefined {
  return typeof flag === 'string' && flag.trim() !== '' ? flag.trim() : undefined;
}
