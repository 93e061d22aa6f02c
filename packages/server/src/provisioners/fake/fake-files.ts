import { listTree } from '../file-tree.js';
import { CONFIG_FILE, etagOf, type FileAccess, isReserved, isTooLarge } from '../files.js';
import { inFile, refusal } from '../guarded-files.js';
import type { ConfigFile } from '../provisioner.js';
import type { FakeVolumes } from './fake-volumes.js';

/** The files part of the fake: it keeps every promise of the port on maps, where nothing can come in between. */
export function createFakeFiles(volumes: FakeVolumes, requireReachable: () => void): FileAccess {
  const isFolder = (workspaceId: string, path: string): boolean =>
    volumes.paths(workspaceId, 'configs').some((other) => other.startsWith(`${path}/`));

  /** `initial` was asked for before; from here on nothing waits, so that no other change can come in between. */
  function lay(
    workspaceId: string,
    paths: readonly string[],
    allows: (etag: string | null) => boolean,
    initial: readonly ConfigFile[],
  ): { allowed: boolean; laid: boolean } {
    const laid = !volumes.exists(workspaceId);
    const contentOf = (path: string): Buffer | null =>
      (laid ? initial.find((file) => file.path === path)?.content : volumes.read(workspaceId, path)) ?? null;
    const allowed = paths.every((path) => {
      const content = contentOf(path);
      return allows(content === null ? null : etagOf(content));
    });
    if (allowed && laid) for (const file of initial) volumes.write(workspaceId, file.path, file.content);
    return { allowed, laid };
  }

  return {
    async list({ workspaceId, place }, folder, depth) {
      requireReachable();
      if (!volumes.exists(workspaceId)) return { kind: 'absent' };
      const files = volumes
        .paths(workspaceId, place)
        .filter((path) => !isReserved(place, path))
        .map((path) => ({ path, size: volumes.read(workspaceId, path, place)?.length ?? 0 }));
      const entries = listTree(files, folder, depth);
      if (entries === null) return { kind: 'not_found' };
      return { kind: 'found', entries, isCut: false };
    },

    async read({ workspaceId, place }, path) {
      requireReachable();
      if (!volumes.exists(workspaceId)) return { kind: 'absent' };
      const content = volumes.read(workspaceId, path, place);
      if (content === null) return { kind: 'not_found' };
      return isTooLarge(content.length) ? { kind: 'too_large' } : { kind: 'found', content, etag: etagOf(content) };
    },

    async write(workspaceId, request) {
      requireReachable();
      const { files } = request;
      const paths = files.map(({ path }) => path);
      const initial = volumes.exists(workspaceId) ? [] : await request.initial();
      const { allowed, laid } = lay(workspaceId, paths, request.allows, initial);
      if (!allowed) return { kind: 'changed' };
      for (const { path, content } of files) {
        if (isFolder(workspaceId, path)) {
          const reason = refusal('a folder of that name is there');
          throw files.length === 1 ? reason : inFile(path, reason);
        }
        volumes.write(workspaceId, path, content);
      }
      if (request.completesConfig && volumes.read(workspaceId, CONFIG_FILE) === null) {
        const config = (await request.initial()).find(({ path }) => path === CONFIG_FILE);
        if (config !== undefined) volumes.write(workspaceId, CONFIG_FILE, config.content);
      }
      return {
        kind: 'written',
        etags: files.map(({ content }) => etagOf(content)),
        laidInitial: laid,
        source: 'volume',
      };
    },

    async remove(workspaceId, request) {
      requireReachable();
      const { path } = request;
      const isOrHolds = (other: string): boolean => other === path || other.startsWith(`${path}/`);
      const initial = volumes.exists(workspaceId) ? [] : await request.initial();
      if (!volumes.exists(workspaceId) && !initial.some((file) => isOrHolds(file.path))) return { kind: 'not_found' };
      const { allowed, laid } = lay(workspaceId, [path], request.allows, initial);
      if (!allowed) return { kind: 'changed' };
      const gone = volumes.paths(workspaceId, 'configs').filter(isOrHolds);
      if (gone.length === 0) return { kind: 'not_found' };
      for (const other of gone) volumes.remove(workspaceId, other);
      return { kind: 'removed', laidInitial: laid };
    },
  };
}
