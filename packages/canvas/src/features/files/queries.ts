import type { FileContent, FileEntry, FileRoot } from '@molecule/contract';
import { ApiError, type Client } from '@molecule/contract/client';
import { useQuery } from '@tanstack/react-query';
import { useServices } from '../../app/services-context.js';

/** The server refuses more; a file is not read into memory only to be told so. */
export const UPLOAD_BYTES_MAX = 5 * 1024 * 1024;

/** The only root that can be written. */
export const WRITABLE: FileRoot = '/configs';

export const roots: readonly { readonly id: FileRoot; readonly label: string }[] = [
  { id: '/configs', label: 'Configuration' },
  { id: '/workspace', label: 'Workspace' },
  { id: '/home', label: 'Home' },
  { id: '/plugins', label: 'Plugins' },
];

export function isRoot(text: string | null): text is FileRoot {
  return roots.some(({ id }) => id === text);
}

export function filesKey(agentId: string): readonly string[] {
  return ['files', agentId];
}

export function fileKey(agentId: string, root: FileRoot, path: string): readonly string[] {
  return [...filesKey(agentId), 'file', root, path];
}

/** One folder, folders first. Agents write files without telling, so it is read again whenever it is shown. */
export function useFolder(agentId: string, root: FileRoot, path: string | null) {
  const { client } = useServices();
  return useQuery({
    queryKey: [...filesKey(agentId), 'folder', root, path],
    queryFn: async ({ signal }) => {
      const query = path === null ? { root } : { root, path };
      const { body } = await client.call('listFiles', { params: { id: agentId }, query }, { signal });
      return body.toSorted(byKindAndName);
    },
    staleTime: 0,
  });
}

/** Null when there is no such file. */
export function useFile(agentId: string, root: FileRoot, path: string) {
  const { client } = useServices();
  return useQuery({
    queryKey: fileKey(agentId, root, path),
    queryFn: ({ signal }) => readFile(client, agentId, root, path, signal),
    staleTime: 0,
  });
}

export async function readFile(
  client: Client,
  agentId: string,
  root: FileRoot,
  path: string,
  signal?: AbortSignal,
): Promise<FileContent | null> {
  try {
    const input = { params: { id: agentId, path }, query: { root } };
    return (await client.call('readFile', input, signal ? { signal } : {})).body;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'file_not_found') return null;
    throw error;
  }
}

/** When a write may happen: there is no such file yet, it is the one that was read, or whatever is there. */
export type WriteCondition =
  | { readonly when: 'new' }
  | { readonly when: 'same'; readonly etag: string }
  | { readonly when: 'any' };

/** Resolves with the etag of what was written. Changes nothing when the condition does not hold. */
export async function writeFile(
  client: Client,
  agentId: string,
  path: string,
  file: Pick<FileContent, 'content' | 'encoding'>,
  condition: WriteCondition,
): Promise<string> {
  const reply = await client.call(
    'writeFile',
    { params: { id: agentId, path }, body: file },
    { headers: headersOf(condition) },
  );
  return reply.body.etag;
}

export async function deleteFile(client: Client, agentId: string, path: string, etag: string | null): Promise<void> {
  const headers = etag === null ? {} : headersOf({ when: 'same', etag });
  await client.call('deleteFile', { params: { id: agentId, path } }, { headers });
}

function headersOf(condition: WriteCondition): Record<string, string> {
  switch (condition.when) {
    case 'new':
      return { 'if-none-match': '*' };
    case 'same':
      return { 'if-match': `"${condition.etag}"` };
    case 'any':
      return {};
  }
}

/** The file is not the one that was read. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'file_changed';
}

export function joinPath(folder: string | null, name: string): string {
  return folder === null ? name : `${folder}/${name}`;
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function byKindAndName(a: FileEntry, b: FileEntry): number {
  if (a.dir !== b.dir) return a.dir ? -1 : 1;
  return a.path.localeCompare(b.path);
}
